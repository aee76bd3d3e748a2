#pragma once

#include <napi.h>

#include <cstdint>
#include <exception>

namespace samwire::binding {

// A picture that is made on a thread of libuv's pool, since it takes milliseconds, too long for the
// JS thread at camera rate. Its promise settles with the memory that it was written to, or with
// what was thrown. Deletes itself (napi.h); where the environment ends first, once the pool is done
// with it.
class PictureWorker : public Napi::AsyncWorker {
 public:
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  // `out` is kept until the promise settles; nobody in JS may touch or detach it before.
  PictureWorker(Napi::Env env, const char* name, Napi::Uint8Array out);

  // On the pool's thread: no N-API. May throw what the core throws.
  virtual void make(std::uint8_t* out) = 0;

 private:
  void Execute() final;
  void OnOK() final;

  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference out_;
  std::uint8_t* data_;
  std::exception_ptr failure_;
};

}  // namespace samwire::binding
