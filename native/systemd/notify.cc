#include "systemd/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "frame/error.h"

namespace samwire {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

Error failed(const std::string& what, const std::string& address) {
  const std::string why = std::generic_category().message(errno);
  return Error("internal", what + " NOTIFY_SOCKET " + address + ": " + why + ".");
}

}  // namespace

bool notify_manager(const std::string& address, const std::string& text) {
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  const bool known = address.size() > 1 && (address[0] == '/' || address[0] == '@');
  // A path needs its final zero; an abstract name has none, and its length says where it ends.
  if (!known || address.size() >= sizeof(to.sun_path)) {
    throw Error("invalid_argument",
                "Expected in NOTIFY_SOCKET an absolute path, or @ and a name, of at most " +
                    std::to_string(sizeof(to.sun_path) - 1) + " bytes, got \"" + address + "\".");
  }
  std::memcpy(to.sun_path, address.data(), address.size());
  const bool abstract = address[0] == '@';
  if (abstract) to.sun_path[0] = '\0';
  const std::size_t length = offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1);
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) throw failed("No socket for", address);
  const auto* target = reinterpret_cast<const sockaddr*>(&to);
  ssize_t sent = -1;
  do {
    sent = ::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL, target,
                    static_cast<socklen_t>(length));
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return true;
  if (errno == EAGAIN || errno == ENOBUFS) return false;
  throw failed("Can't send to", address);
}

}  // namespace samwire
