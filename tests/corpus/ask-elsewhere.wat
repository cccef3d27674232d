;; Calls an interface of its own making.
(module
  (import "test:guest/elsewhere" "fetch" (func $fetch))
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (call $fetch)
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
