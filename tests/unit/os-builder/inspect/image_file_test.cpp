#include "os-builder/inspect/image_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace bulkhead;
using inspect::ImageFile;
using inspect::ImageKind;

namespace {

struct Directory {
  sys::TempDir directory = std::move(*sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-"));

  Result<ImageFile> open(const std::string& name, std::string content) const {
    REQUIRE(sys::write_file_atomically(directory.path() / name, content));
    return ImageFile::open(directory.path() / name);
  }
};

std::string with(std::size_t at, std::string_view magic) {
  std::string content(4096, '\0');
  return content.replace(at, magic.size(), magic);
}

}  // namespace

TEST_CASE_METHOD(Directory, "an image is told by its bytes, not by its name") {
  CHECK(open("root.erofs", with(512, "EFI PART"))->kind() == ImageKind::disk);
  CHECK(open("disk.img", with(1024, "\xe2\xe1\xf5\xe0"))->kind() == ImageKind::root);
  CHECK(open("x", with(0, "MZ"))->kind() == ImageKind::efi);
  CHECK(open("y", with(510, "\x55\xaa"))->kind() == ImageKind::disk);  // only the backup table is left
}

TEST_CASE_METHOD(Directory, "what is no image is one error that says what would be") {
  for (const std::string& content : {std::string(), std::string("x"), std::string(100000, 'x')}) {
    const auto opened = open("file", content);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::data_loss);
    CHECK(opened.error().message.contains("file"));
    CHECK_FALSE(opened.error().hint.empty());
  }
  const auto missing = ImageFile::open(directory.path() / "missing");
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK_FALSE(missing.error().hint.empty());
  const auto folder = ImageFile::open(directory.path());
  CHECK(folder.error().message.ends_with("is a directory, not an image"));
  CHECK_FALSE(folder.error().hint.empty());
}

TEST_CASE_METHOD(Directory, "a damaged compressed image is an error and leaves nothing in the temporary directory") {
  const auto count = [] {
    return std::ranges::count_if(
        std::filesystem::directory_iterator(std::filesystem::temp_directory_path()),
        [](const auto& entry) { return entry.path().filename().native().starts_with("bulkhead-image-"); });
  };
  const auto before = count();
  CHECK_FALSE(open("a", std::string("QFI\xfb") + std::string(100, 'x')));
  CHECK_FALSE(open("b", std::string("\x28\xb5\x2f\xfd") + std::string(100, 'x')));
  CHECK(count() == before);
}
