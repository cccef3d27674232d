;; Answers, and loops for ever when it is told that the answer was read.
(module
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (i32.const 16))
  (func (export "cabi_post_holdpoint:plugin/policy@0.1.0#check") (param i32)
    (loop $forever (br $forever)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
