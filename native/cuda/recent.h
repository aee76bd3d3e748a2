#pragma once

#include <array>
#include <cstdint>
#include <utility>

namespace samwire::cuda {

// What was made for the last few keys; the one that was not wanted for longest gives way.
template <class Key, class Value>
class Recent {
 public:
  // make() gives the Value of a key that is not here. The reference holds until the next call.
  template <class Make>
  Value& get(const Key& key, Make make) {
    Entry* oldest = &entries_[0];
    for (Entry& entry : entries_) {
      if (entry.used > 0 && entry.key == key) {
        entry.used = ++clock_;
        return entry.value;
      }
      if (entry.used < oldest->used) oldest = &entry;
    }
    oldest->used = 0;
    oldest->value = Value{};  // first, so that the device never holds both
    oldest->value = make();
    oldest->key = key;
    oldest->used = ++clock_;
    return oldest->value;
  }

 private:
  struct Entry {
    std::uint64_t used = 0;  // 0: empty
    Key key{};
    Value value{};
  };
  std::array<Entry, 8> entries_;
  std::uint64_t clock_ = 0;
};

}  // namespace samwire::cuda
