;; Has the host make random bytes for ever, which costs the guest next to nothing.
(module
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
  (memory (export "memory") 4)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (loop $forever
      (call $random (i64.const 65536) (i32.const 512))
      (br $forever))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
