;; Reads the first page of the commits for ever.
(module
  (import "holdpoint:plugin/commits@0.1.0" "page" (func $page (param i32 i32 i32)))
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (loop $forever
      (call $page (i32.const 0) (i32.const 500) (i32.const 512))
      (br $forever))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
