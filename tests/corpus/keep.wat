;; Keeps in its memory, a global and a table that it was called; traps when it was called before.
(module
  (memory (export "memory") 2)
  (global $called (mut i32) (i32.const 0))
  (table $kept 1 funcref)
  (elem declare func $check)
  (data (i32.const 16) "\00\00\00\00\00\04\00\00\01\00\00\00") ;; ok, one finding at 1024
  (data (i32.const 64) "rm")
  (data (i32.const 1024) "\40\00\00\00\01\00\00\00\00\00\00\00\41\00\00\00\01\00\00\00")
  (func $check (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (if (i32.load (i32.const 2048)) (then unreachable))
    (if (global.get $called) (then unreachable))
    (if (i32.eqz (ref.is_null (table.get $kept (i32.const 0)))) (then unreachable))
    (i32.store (i32.const 2048) (i32.const 1))
    (global.set $called (i32.const 1))
    (table.set $kept (i32.const 0) (ref.func $check))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
