;; Logs lines of a kilobyte for ever.
(module
  (import "holdpoint:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (loop $more
      (call $log (i32.const 2) (i32.const 2048) (i32.const 1024))
      (br $more))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
