;; Asks for a secret.
(module
  (import "holdpoint:plugin/secrets@0.1.0" "placeholder" (func $placeholder (param i32 i32 i32)))
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (call $placeholder (i32.const 0) (i32.const 0) (i32.const 512))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
