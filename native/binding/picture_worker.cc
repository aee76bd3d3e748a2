#include "binding/picture_worker.h"

#include "binding/errors.h"

namespace samwire::binding {

PictureWorker::PictureWorker(Napi::Env env, const char* name, Napi::Uint8Array out)
    : Napi::AsyncWorker(env, name),
      deferred_(env),
      out_(Napi::Persistent(out.As<Napi::Object>())),
      data_(out.Data()) {}

void PictureWorker::Execute() {
  try {
    make(data_);
  } catch (const std::exception&) {
    failure_ = std::current_exception();
  }
}

void PictureWorker::OnOK() {
  if (failure_) {
    deferred_.Reject(to_js_error(Env(), failure_).Value());
  } else {
    deferred_.Resolve(out_.Value());
  }
}

}  // namespace samwire::binding
