;; Answers two thousand findings that all point at the same eight kilobytes: sixteen megabytes for
;; the host, next to nothing for the guest.
(module
  (memory (export "memory") 8)
  (data (i32.const 64) "r")
  (data (i32.const 16) "\00\00\00\00\00\00\01\00\d0\07\00\00") ;; ok, 2000 findings at 65536
  (func (export "holdpoint:plugin/policy@0.1.0#check") (param i32) (result i32)
    (local $at i32)
    (memory.fill (i32.const 8192) (i32.const 120) (i32.const 8192))
    (local.set $at (i32.const 65536))
    (loop $more
      (i32.store offset=0 (local.get $at) (i32.const 64))    ;; rule
      (i32.store offset=4 (local.get $at) (i32.const 1))
      (i32.store offset=12 (local.get $at) (i32.const 8192)) ;; message
      (i32.store offset=16 (local.get $at) (i32.const 8192))
      (local.set $at (i32.add (local.get $at) (i32.const 52)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 169536))))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
