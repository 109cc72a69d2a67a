// One set of the owner's keys per test program, made on first use: generating RSA keys is the expensive part.
#pragma once

#include "os-builder/keys/key_set.hpp"

namespace bulkhead::testing {

const keys::KeySet& test_keys();
sys::Path test_key_directory();

}  // namespace bulkhead::testing
