#include "systemd/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>

#include "frame/error.h"

namespace samwire {
namespace {

// A manager's socket; `name` as NOTIFY_SOCKET has it.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                               (name[0] == '@' ? 0 : 1));
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0) << name;
  }
  ~Manager() { ::close(socket_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string next() {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  int socket_;
};

std::string unused(const std::string& name) { return name + "-" + std::to_string(::getpid()); }

TEST(Notify, ReachesASocketAtAPath) {
  const std::string path = std::filesystem::temp_directory_path() / unused("samwire-notify");
  Manager manager(path);
  EXPECT_TRUE(notify_manager(path, "READY=1\nSTATUS=online"));
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=online");
  std::filesystem::remove(path);
}

TEST(Notify, ReachesAnAbstractSocket) {
  const std::string name = unused("@samwire-notify");
  Manager manager(name);
  EXPECT_TRUE(notify_manager(name, "WATCHDOG=1"));
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
}

TEST(Notify, ReachesNamesOfTheGreatestLength) {
  const std::string name = "@" + std::string(106, 'n');
  Manager manager(name);
  EXPECT_TRUE(notify_manager(name, "READY=1"));
  EXPECT_EQ(manager.next(), "READY=1");
}

TEST(Notify, NeitherBlocksNorThrowsWhenTheManagerReadsNothing) {
  const std::string name = unused("@samwire-notify-full");
  const Manager manager(name);
  bool taken = true;
  for (int i = 0; taken && i < 100'000; ++i) taken = notify_manager(name, "WATCHDOG=1");
  EXPECT_FALSE(taken);
}

TEST(Notify, SaysThatNobodyListens) {
  EXPECT_THROW(notify_manager("/nowhere/notify", "READY=1"), Error);
  EXPECT_THROW(notify_manager("@nobody-listens-here", "READY=1"), Error);
}

TEST(Notify, RefusesWhatIsNoAddress) {
  for (const std::string& address :
       {std::string(), std::string("/"), std::string("@"), std::string("vsock:2:1234"),
        std::string("relative/path"), "/" + std::string(107, 'n'), "@" + std::string(5000, 'n')}) {
    try {
      notify_manager(address, "READY=1");
      ADD_FAILURE() << address;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "invalid_argument") << address;
    }
  }
}

}  // namespace
}  // namespace samwire
