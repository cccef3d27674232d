;; Has the host set alarms for ever and keeps them.
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration"
    (func $alarm (param i64) (result i32)))
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (loop $more
      (drop (call $alarm (i64.const 1)))
      (br $more))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
