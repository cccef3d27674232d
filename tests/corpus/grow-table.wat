;; Takes ten thousand elements more of a table for ever.
(module
  (memory (export "memory") 2)
  (table $table 1 funcref)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (loop $more
      (drop (table.grow $table (ref.null func) (i32.const 10000)))
      (br $more))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
