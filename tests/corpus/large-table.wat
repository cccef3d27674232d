;; Begins with a table of four million elements.
(module
  (memory (export "memory") 2)
  (table 4000000 funcref)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
