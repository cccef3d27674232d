;; Says that its answer lies where its memory ends.
(module
  (memory (export "memory") 2)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (i32.const 131068))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
