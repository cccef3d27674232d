;; Plans a thousand steps whose thousand headers are the same ones: a million headers for the host,
;; a hundred kilobytes for the guest.
(module
  (memory (export "memory") 8)
  (data (i32.const 16) "\00\00\00\00\00\00\01\00\e8\03\00\00") ;; ok, 1000 steps at 65536
  (func (export "holdpoint:plugin/action@0.1.0#plan") (param i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 65536))
    (loop $more
      (i32.store offset=32 (local.get $at) (i32.const 8192)) ;; headers of the request
      (i32.store offset=36 (local.get $at) (i32.const 1000))
      (local.set $at (i32.add (local.get $at) (i32.const 172)))
      (br_if $more (i32.lt_u (local.get $at) (i32.const 237536))))
    (i32.const 16))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
