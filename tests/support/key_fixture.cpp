#include "tests/support/key_fixture.hpp"

#include "lib/sys/temp_dir.hpp"

namespace bulkhead::testing {
namespace {

struct Keys {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-keys-").value();
  keys::KeySet set = keys::generate(directory.path() / "keys", "Test", 10).value();
};

const Keys& keys_of_this_program() {
  static const Keys keys;
  return keys;
}

}  // namespace

const keys::KeySet& test_keys() { return keys_of_this_program().set; }
sys::Path test_key_directory() { return keys_of_this_program().directory.path() / "keys"; }

}  // namespace bulkhead::testing
