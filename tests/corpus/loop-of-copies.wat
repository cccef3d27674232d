;; Copies two megabytes of memory for ever. Each turn of the loop is a few instructions and moves much: if
;; fuel counted instructions alone, a million of them would pass before anybody looked at the clock.
(module
  (memory (export "memory") 64)
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (loop $forever
      (memory.copy (i32.const 0) (i32.const 2097152) (i32.const 2097152))
      (br $forever))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
