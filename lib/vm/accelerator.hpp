// The accelerator that works on this machine.
//
// That /dev/kvm can be opened proves nothing: on some hosts, guests die at the first instruction that it does not
// emulate. So a very small guest (lib/vm/probe_guest.cpp), which uses the instructions of stock guests, is booted, and
// KVM is used only when that guest completes.
#pragma once

#include <span>

#include "lib/vm/machine_spec.hpp"

namespace bulkhead::vm {

// `requested`, unless it is automatic. The answer is remembered in `cache_directory` until the host boots again.
Result<Accelerator> choose_accelerator(Accelerator requested, const sys::Path& cache_directory);

// Boots the guest now. false: KVM is missing or not usable. Errors only when the attempt itself could not be made.
Result<bool> probe(Accelerator accelerator);

// ${BULKHEAD_CACHE:-~/.cache/bulkhead}
sys::Path default_cache_directory();

// A boot sector that ends QEMU through the isa-debug-exit device at port 0xf4 with kProbePassed.
std::span<const std::byte> probe_guest();
inline constexpr unsigned kProbePassed = 0x31;

}  // namespace bulkhead::vm
