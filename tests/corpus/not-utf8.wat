;; Answers a finding whose message is not UTF-8.
(module
  (memory (export "memory") 2)
  (data (i32.const 16) "\00\00\00\00\00\04\00\00\01\00\00\00") ;; ok, one finding at 1024
  (data (i32.const 64) "r\ff")
  (data (i32.const 1024) "\40\00\00\00\01\00\00\00\00\00\00\00\41\00\00\00\01\00\00\00")
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
