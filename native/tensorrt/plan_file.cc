#include "tensorrt/plan_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "frame/error.h"

namespace samwire::tensorrt {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  const std::string reason = std::generic_category().message(errno);
  throw Error("model_failed", what + " " + path + " failed: " + reason);
}

class File {
 public:
  File(const std::string& path, int flags, const char* what)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) fail(what, path);
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void write_all(const File& file, const char* data, std::size_t size, const std::string& path) {
  while (size > 0) {
    const ssize_t written = ::write(file.get(), data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("Writing", path);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  if (::fsync(file.get()) != 0) fail("Writing", path);
}

void sync_folder(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const std::string name = folder.empty() ? "." : folder.string();
  const File file(name, O_RDONLY | O_DIRECTORY, "Opening");
  if (::fsync(file.get()) != 0) fail("Writing", name);
}

}  // namespace

std::vector<char> read_file(const std::string& path) {
  const File file(path, O_RDONLY, "Opening");
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail("Reading", path);
  if (!S_ISREG(facts.st_mode)) throw Error("model_failed", path + " is not a file");
  if (facts.st_size == 0) throw Error("model_failed", path + " is empty");
  std::vector<char> bytes(static_cast<std::size_t>(facts.st_size));
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t count = ::read(file.get(), bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("Reading", path);
    if (count == 0) throw Error("model_failed", path + " became shorter while it was read");
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

void write_file(const std::string& path, const void* data, std::size_t size_bytes) {
  const std::string part = path + "." + std::to_string(::getpid()) + ".part";
  try {
    const File file(part, O_WRONLY | O_CREAT | O_TRUNC, "Writing");
    write_all(file, static_cast<const char*>(data), size_bytes, part);
    if (::rename(part.c_str(), path.c_str()) != 0) fail("Writing", path);
  } catch (...) {
    ::unlink(part.c_str());
    throw;
  }
  sync_folder(path);
}

}  // namespace samwire::tensorrt
