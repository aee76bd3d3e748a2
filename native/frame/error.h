#pragma once

#include <stdexcept>
#include <string>

namespace samwire {

// The one error type that the core throws. `code` is one of the closed list in src/errors.ts, or
// "invalid_argument" for a call that the TypeScript side should never have made.
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

}  // namespace samwire
