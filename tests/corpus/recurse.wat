;; Calls itself for ever.
(module
  (memory (export "memory") 2)
  (func $check (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (call $check (local.get 0)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
