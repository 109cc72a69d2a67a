#include "api-server/daemon/problem_list.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::daemon;
using bulkhead::testing::must;

namespace {

struct ProblemListFixture {
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  sys::Path file = directory.path() / "problems";
  log::Log log{log::Log::Sink::standard_error};
  int changes = 0;
  std::vector<std::string> written{};  // the file at each change

  ProblemList list() {
    return {log, file, [this] { ++changes; }};
  }
  std::string text() const { return must(sys::read_file(file)); }
};

}  // namespace

TEST_CASE("problems are lines of the console's file, sorted by name") {
  ProblemListFixture fixture;
  ProblemList list = fixture.list();
  list.set("user data", "cidata: not TOML");
  list.set("remote listener", "the port\nis taken");
  CHECK(fixture.text() == "remote listener: the port is taken\nuser data: cidata: not TOML\n");
  CHECK(list.lines() == std::vector<std::string>{"remote listener: the port\nis taken", "user data: cidata: not TOML"});
  CHECK(fixture.changes == 2);
}

TEST_CASE("an empty text takes a problem back") {
  ProblemListFixture fixture;
  ProblemList list = fixture.list();
  list.set("seed", "no space");
  list.set("try", "chronyd failed");
  list.set("seed", "");
  CHECK(fixture.text() == "try: chronyd failed\n");
  list.set("try", "");
  CHECK(fixture.text().empty());
  CHECK(list.lines().empty());
  CHECK(fixture.changes == 4);
}

TEST_CASE("the problems of one kind are replaced together") {
  ProblemListFixture fixture;
  ProblemList list = fixture.list();
  list.set("settings", "cannot be read");
  list.set_all("setting ", {{"setting a", "1"}, {"setting b", "2"}});
  list.set_all("setting ", {{"setting b", "2"}, {"setting c", "3"}});
  CHECK(fixture.text() == "setting b: 2\nsetting c: 3\nsettings: cannot be read\n");
  list.set_all("setting ", {});
  CHECK(fixture.text() == "settings: cannot be read\n");
}

TEST_CASE("the problems of one kind are one change, however many of them begin, change and end") {
  ProblemListFixture fixture;
  ProblemList list(fixture.log, fixture.file, [&fixture] {
    ++fixture.changes;
    fixture.written.push_back(fixture.text());
  });
  list.set_all("setting ", {{"setting a", "1"}, {"setting b", "2"}, {"setting c", "3"}});
  list.set_all("setting ", {{"setting b", "new"}, {"setting c", "3"}, {"setting d", "4"}, {"setting e", "5"}});
  CHECK(fixture.changes == 2);
  CHECK(fixture.written == std::vector<std::string>{"setting a: 1\nsetting b: 2\nsetting c: 3\n",
                                                    "setting b: new\nsetting c: 3\nsetting d: 4\nsetting e: 5\n"});
  // The same once more is none.
  must(sys::write_file_atomically(fixture.file, "mark"));
  list.set_all("setting ", {{"setting b", "new"}, {"setting c", "3"}, {"setting d", "4"}, {"setting e", "5"}});
  CHECK(fixture.text() == "mark");
  CHECK(fixture.changes == 2);
  list.set_all("setting ", {});
  CHECK(fixture.changes == 3);
  CHECK(fixture.text().empty());
}

TEST_CASE("what changes nothing is no change, and does not write the file") {
  ProblemListFixture fixture;
  ProblemList list = fixture.list();
  list.set("seed", "");
  CHECK(fixture.changes == 0);
  list.set("seed", "no space");
  must(sys::write_file_atomically(fixture.file, "mark"));
  list.set("seed", "no space");
  list.set("other", "");
  CHECK(fixture.changes == 1);
  CHECK(fixture.text() == "mark");
  list.set("seed", "still none");
  CHECK(fixture.changes == 2);
  CHECK(fixture.text() == "seed: still none\n");
}

TEST_CASE("what an earlier server left in the file is gone at once") {
  ProblemListFixture fixture;
  must(sys::write_file_atomically(fixture.file, "old: problem\n"));
  const ProblemList list = fixture.list();
  CHECK(fixture.text().empty());
}

TEST_CASE("a list without a file, and one whose file cannot be written, still know their problems") {
  ProblemListFixture fixture;
  ProblemList without(fixture.log, std::nullopt, [] {});
  without.set("a", "b");
  CHECK(without.lines() == std::vector<std::string>{"a: b"});
  ProblemList unwritable(fixture.log, fixture.directory.path() / "missing/problems", [] {});
  unwritable.set("a", "b");
  CHECK(unwritable.lines() == std::vector<std::string>{"a: b"});
}
