;; Answers a list of findings that lies outside of its memory.
(module
  (memory (export "memory") 2)
  (data (i32.const 16) "\00\00\00\00\00\00\00\7f\01\00\00\00")
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
