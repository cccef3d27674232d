;; Two functions call each other for ever, through a table.
(module
  (type $step (func (param i32) (result i32)))
  (memory (export "memory") 2)
  (table funcref (elem $one $other))
  (func $one (type $step) (call_indirect (type $step) (local.get 0) (i32.const 1)))
  (func $other (type $step) (call_indirect (type $step) (local.get 0) (i32.const 0)))
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (call $one (local.get 0)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
