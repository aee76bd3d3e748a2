#pragma once

#include <string>

namespace samwire {

// One datagram to the service manager's socket (sd_notify(3)). `address` is what NOTIFY_SOCKET
// holds: an absolute path, or `@` and a name in Linux' abstract namespace. Never blocks: false when
// the manager's queue is full, so that a manager that hangs holds up nobody. Throws Error for an
// address that is neither, is too long, or where nobody listens.
bool notify_manager(const std::string& address, const std::string& text);

}  // namespace samwire
