#include "doubles/cuda/state.h"

#include <cstdlib>
#include <sstream>

#include "doubles/cuda/work.h"

namespace samwire::doubles {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

DeviceKind kind_of(const std::string& text) {
  if (text == "none") return DeviceKind::kNone;
  if (text == "no-driver") return DeviceKind::kNoDriver;
  return text == "integrated" ? DeviceKind::kIntegrated : DeviceKind::kDiscrete;
}

cudaError_t unavailable(DeviceKind kind) {
  if (kind == DeviceKind::kNone) return cudaErrorNoDevice;
  return kind == DeviceKind::kNoDriver ? cudaErrorInsufficientDriver : cudaSuccess;
}

}  // namespace

State& state() {
  // Never destroyed: objects of the program's end may still give handles back.
  static State* const only = [] {
    auto* made = new State;
    made->default_stream = std::make_unique<CUstream_st>();
    read_environment(*made);
    return made;
  }();
  return *only;
}

void read_environment(State& s) {
  s.kind = kind_of(environment("SAMWIRE_DOUBLE_DEVICE", "discrete"));
  s.name = environment("SAMWIRE_DOUBLE_DEVICE_NAME", "Samwire double");
  s.wrong = environment("SAMWIRE_DOUBLE_WRONG", "");
  s.memory_limit = std::stoul(environment("SAMWIRE_DOUBLE_MEMORY_MIB", "8192")) << 20;
  s.runs_left = std::stoi(environment("SAMWIRE_DOUBLE_STICKY_AFTER", "-1"));
  std::istringstream faults(environment("SAMWIRE_DOUBLE_FAIL", ""));
  for (std::string fault; std::getline(faults, fault, ',');) {
    std::istringstream parts(fault);
    std::string function, nth, error;
    std::getline(parts, function, ':');
    std::getline(parts, nth, ':');
    std::getline(parts, error, ':');
    s.faults[function].push_back(
        {std::stoi(nth), static_cast<cudaError_t>(error.empty() ? 2 : std::stoi(error))});
  }
}

bool is_sticky_error(cudaError_t error) {
  const int code = error;
  return code == 214 || code == 220 || code == 700 || code == 702 || code == 709 || code == 710 ||
         (code >= 714 && code <= 719);
}

cudaError_t take_fault(State& s, const std::string& function) {
  ++s.calls[function];
  const auto found = s.faults.find(function);
  if (found == s.faults.end()) return cudaSuccess;
  cudaError_t error = cudaSuccess;
  for (Fault& fault : found->second) {
    if (--fault.nth == 0) error = fault.error;
  }
  if (is_sticky_error(error)) s.lost = error;
  return error;
}

Call::Call(const char* function, bool needs_device) : s(state()), lock_(s.mutex) {
  error = take_fault(s, function);
  if (needs_device && s.lost != cudaSuccess) error = s.lost;
  if (needs_device && unavailable(s.kind) != cudaSuccess) error = unavailable(s.kind);
  done(error);
}

cudaError_t Call::done(cudaError_t result) {
  if (result != cudaSuccess) last_error = result;
  return result;
}

// The control interface.

std::map<std::string, int> live() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  std::map<std::string, int> counts;
  for (const auto& [kind, count] : s.objects) {
    if (count != 0) counts[kind] = count;
  }
  return counts;
}

std::vector<std::string> misuse() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.misuse;
}

std::size_t device_bytes() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.device_bytes;
}

std::size_t peak_device_bytes() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.peak_device_bytes;
}

void fail(const std::string& function, int nth, cudaError_t error) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.faults[function].push_back({nth, error});
}

int calls(const std::string& function) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.calls[function];
}

void break_after(int runs) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.runs_left = runs;
}

void lose_device(cudaError_t error) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.lost = error;
}

void set_device(DeviceKind kind, const std::string& name) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.kind = kind;
  s.name = name;
}

void set_wrong(const std::string& which) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.wrong = which;
}

void reset() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.calls.clear();
  s.faults.clear();
  s.misuse.clear();
  s.lost = cudaSuccess;
  s.peak_device_bytes = s.device_bytes;
  last_error = cudaSuccess;
  read_environment(s);
}

// What the double of TensorRT shares.

void count_object(const char* kind, int change) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.objects[kind] += change;
}

void report_misuse(const std::string& what) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.misuse.push_back(what);
}

bool fails(const char* function) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return take_fault(s, function) != cudaSuccess;
}

namespace work {

bool can_reach(const void* data, std::size_t size) {
  const Block* block = find_block(state(), data, size);
  return block != nullptr && (block->device || block->mapped);
}

bool breaks_device() {
  State& s = state();
  return s.runs_left >= 0 && s.runs_left-- == 0;
}

std::string wrong() { return state().wrong; }

}  // namespace work

std::string device_name() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.name;
}

}  // namespace samwire::doubles

using samwire::doubles::Call;

cudaError_t cudaGetLastError() {
  Call call("cudaGetLastError", false);
  const cudaError_t error = call.s.lost != cudaSuccess ? call.s.lost : samwire::doubles::last_error;
  samwire::doubles::last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() {
  Call call("cudaPeekAtLastError", false);
  return call.s.lost != cudaSuccess ? call.s.lost : samwire::doubles::last_error;
}
