// Runs a fuzz target over its corpus once, as a plain test: every argument is a file, or a directory whose files are
// taken in name order. Each input is also run cut to half its length and empty, since most bugs of parsers are about
// ends.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Path = std::filesystem::path;

std::vector<Path> inputs_of(const Path& argument) {
  std::vector<Path> inputs;
  if (!std::filesystem::is_directory(argument)) return {argument};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argument)) {
    if (entry.is_regular_file()) inputs.push_back(entry.path());
  }
  std::ranges::sort(inputs);
  return inputs;
}

// The bytes are given in a block of exactly their size, so that sanitizers see every step beyond the end.
void run(const std::vector<char>& content, std::size_t size) {
  const std::vector<std::uint8_t> exact(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const Path& path : inputs_of(argv[i])) {
      std::ifstream file(path, std::ios::binary);
      const std::vector<char> content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      if (!file.good() && !file.eof()) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        return 1;
      }
      run(content, content.size());
      run(content, content.size() / 2);
      run(content, 0);
      ++count;
    }
  }
  if (count == 0) {
    std::fprintf(stderr, "no corpus: a target without examples tests nothing\n");
    return 1;
  }
  std::printf("%zu inputs\n", count);
}
