#include "api-server/datastore/datastore.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/unit/api-server/datastore/crash_storage.hpp"

using namespace bulkhead;
using namespace bulkhead::datastore;
using settings::Flat;
using settings::Key;

namespace {

Clock fixed_clock() {
  return [] { return std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(1'700'000'000'123)); };
}
Key key(std::string_view text) { return Key::parse(text).value(); }
Change set(std::string_view name, settings::Json value) { return {.key = key(name), .value = std::move(value)}; }
Change unset(std::string_view name) { return {.key = key(name), .value = std::nullopt}; }

Datastore empty() { return Datastore::open(std::make_unique<MemoryStorage>(), fixed_clock()).value(); }

Commit commit(Datastore& store, const std::vector<Change>& changes, const std::string& transaction = "default") {
  REQUIRE(store.stage(transaction, changes));
  return store.commit(transaction, "uid 0").value();
}

}  // namespace

TEST_CASE("a transaction is pending until it is committed, and then live") {
  Datastore store = empty();
  REQUIRE(store.stage("a", {set("motd", "hi"), set("dns.search-list", {"x"})}));
  CHECK(store.live().empty());
  CHECK(store.pending("a").value().size() == 2);
  CHECK(store.transactions() == std::vector<std::string>{"a"});
  const Commit done = store.commit("a", "uid 0").value();
  CHECK(done.id == 1);
  CHECK(done.changes.size() == 2);
  CHECK(store.live() == Flat{{key("motd"), "hi"}, {key("dns.search-list"), {"x"}}});
  CHECK(store.transactions().empty());
}

TEST_CASE("keys are unset, and only real changes make a commit") {
  Datastore store = empty();
  commit(store, {set("motd", "hi")});
  CHECK(commit(store, {set("motd", "hi"), unset("ntp.options")}).id == 0);
  CHECK(commit(store, {unset("motd")}).changes == std::vector<Change>{unset("motd")});
  CHECK(store.live().empty());
  CHECK(store.history().size() == 2);
}

TEST_CASE("of two transactions on one key the second is refused, and told who was first") {
  Datastore store = empty();
  REQUIRE(store.stage("first", {set("motd", "1")}));
  REQUIRE(store.stage("second", {set("motd", "2"), set("aws.region", "x")}));
  REQUIRE(store.stage("third", {set("aws.region", "y")}));
  REQUIRE(store.commit("first", "uid 7"));
  const auto refused = store.commit("second", "uid 0");
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::aborted);
  CHECK(refused.error().message ==
        "transaction 'second' conflicts at motd: transaction 'first' of uid 7 changed it meanwhile (commit 1)");
  CHECK(store.live() == Flat{{key("motd"), "1"}});
  CHECK(store.pending("second").has_value());
  CHECK(store.commit("third", "uid 0").has_value());
}

TEST_CASE("a transaction may sleep through any number of commits that leave its keys alone, and none that does not") {
  Datastore store = empty();
  REQUIRE(store.stage("late", {set("motd", "late")}));
  REQUIRE(store.stage("later", {set("updates.seed", 1)}));
  for (std::size_t i = 0; i <= 2 * kHistory; ++i) commit(store, {set("updates.seed", i)});
  CHECK(store.commit("late", "uid 0").has_value());
  CHECK(store.commit("later", "uid 0").error().code == ErrorCode::aborted);
}

TEST_CASE("the last commits are kept, and what was live after each of them") {
  Datastore store = empty();
  for (std::uint64_t i = 1; i <= 2 * kHistory; ++i) commit(store, {set("updates.seed", i)});
  CHECK(store.history().size() == kHistory);
  CHECK(store.history().front().id == kHistory + 1);
  CHECK(store.after(kHistory + 3).value() == Flat{{key("updates.seed"), kHistory + 3}});
  CHECK(store.after(kHistory).value() == Flat{{key("updates.seed"), kHistory}});
  CHECK(store.after(kHistory - 1).error().code == ErrorCode::not_found);
  CHECK(store.after(2 * kHistory + 1).error().code == ErrorCode::not_found);
  const auto back = difference(store.live(), store.after(kHistory + 1).value());
  commit(store, back);
  CHECK(store.live() == Flat{{key("updates.seed"), kHistory + 1}});
}

TEST_CASE("names of transactions and missing transactions") {
  Datastore store = empty();
  for (const char* name : {"", "a b", "a/b", "ä"})
    CHECK(store.stage(name, {}).error().code == ErrorCode::invalid_argument);
  CHECK(!store.stage(std::string(65, 'a'), {}));
  CHECK(store.commit("none", "uid 0").error().code == ErrorCode::not_found);
  CHECK(store.pending("none").error().code == ErrorCode::not_found);
  CHECK(store.drop("none").error().code == ErrorCode::not_found);
  REQUIRE(store.stage("a", {set("motd", "x")}));
  CHECK(store.drop("a").value() == std::vector<Change>{set("motd", "x")});
  CHECK(store.transactions().empty());
}

TEST_CASE("there are only so many transactions") {
  Datastore store = empty();
  for (std::size_t i = 0; i < kMostTransactions; ++i) REQUIRE(store.stage(std::to_string(i), {set("motd", "x")}));
  CHECK(store.stage("one-more", {}).error().code == ErrorCode::aborted);
  CHECK(store.stage("7", {set("aws.region", "x")}).has_value());
}

TEST_CASE("a file keeps everything but pending transactions") {
  const sys::TempDir dir = sys::TempDir::create("/var/tmp", "datastore-").value();
  const sys::Path path = dir.path() / "settings";
  const auto open = [&] { return Datastore::open(FileStorage::open(path).value(), fixed_clock()).value(); };
  std::deque<Commit> history;
  Flat live;
  {
    Datastore store = open();
    for (int i = 0; i < 130; ++i) commit(store, {set("updates.seed", i), set("motd", "a\n\"b\" ä \x7f")});
    REQUIRE(store.stage("open", {set("motd", "x")}));
    history = store.history();
    live = store.live();
  }
  const Datastore store = open();
  CHECK(store.history() == history);
  CHECK(store.live() == live);
  CHECK(store.last_commit() == 130);
  CHECK(store.transactions().empty());
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("damage is an error, except at the end, where it is a write that was never answered for") {
  std::string content = to_line(Base{}) + to_line(Commit{.id = 1, .changes = {set("motd", "a")}}) +
                        to_line(Commit{.id = 2, .changes = {set("motd", "b")}});
  const auto open = [&] { return Datastore::open(std::make_unique<MemoryStorage>(content), fixed_clock()); };
  CHECK(open()->live() == Flat{{key("motd"), "b"}});
  const std::string whole = content;
  content.back() = 'x';
  CHECK(open()->live() == Flat{{key("motd"), "a"}});
  content = whole.substr(0, whole.size() - 5);
  CHECK(open()->last_commit() == 1);
  content = whole;
  content[to_line(Base{}).size() + 30] ^= 1;
  CHECK(open().error().code == ErrorCode::data_loss);
  content = whole;
  content[3] ^= 1;
  CHECK(open().error().code == ErrorCode::data_loss);
}

TEST_CASE("a record with a right checksum and a value that is nested too deep is refused") {
  const auto record = [](std::string_view json) {
    return crypto::sha256(json).to_string().substr(0, 16) + " " + std::string(json) + "\n";
  };
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  const std::string base = record(R"({"format":1,"id":0,"values":{"motd":)" + deep + "}}");
  const std::string commit =
      record(R"({"author":"","id":1,"set":{"motd":)" + deep + R"(},"time":0,"transaction":"","unset":[]})");
  for (const std::string& content : {base, to_line(Base{}) + commit}) {
    const auto opened = Datastore::open(std::make_unique<MemoryStorage>(content), fixed_clock());
    REQUIRE(!opened);
    CHECK(opened.error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("another format is refused, not damaged") {
  std::string line = to_line(Base{});
  const std::string json = R"({"format":2,"id":0,"values":{}})";
  line = crypto::sha256(json).to_string().substr(0, 16) + " " + json + "\n";
  CHECK(Datastore::open(std::make_unique<MemoryStorage>(line), fixed_clock()).error().code ==
        ErrorCode::failed_precondition);
}

TEST_CASE("more settings than could have been committed are refused, wherever in the file they come together") {
  const std::string large(std::size_t{1} << 20U, 'x');
  const auto opened = [](const std::string& content) {
    return Datastore::open(std::make_unique<MemoryStorage>(content), fixed_clock());
  };
  const Flat three = {
      {key("kernel.sysctl.a"), large}, {key("kernel.sysctl.b"), large}, {key("kernel.sysctl.c"), large}};
  const std::string base = to_line(Base{.id = 0, .values = three});
  const std::string more = to_line(Commit{.id = 1, .changes = {set("motd", large)}});
  const std::string less = to_line(Commit{.id = 2, .changes = {unset("kernel.sysctl.a")}});
  CHECK(opened(base).has_value());
  REQUIRE_FALSE(opened(base + more).has_value());
  CHECK(opened(base + more).error().code == ErrorCode::failed_precondition);
  CHECK(opened(base + more).error().message.contains("at most 4194304"));
  CHECK_FALSE(opened(base + more + "torn").has_value());
  CHECK(opened(base + more + less).has_value());
}

TEST_CASE("whenever the power goes away, commits that were answered for are there, whole, and nothing else") {
  Disk disk;
  Flat answered;                 // the model: live after the last commit that returned
  std::optional<Flat> underway;  // live after the commit that was interrupted
  std::mt19937 random(7);
  for (int life = 0; life < 400; ++life) {
    disk.writes_until_cut = static_cast<int>(random() % 120);
    try {
      Datastore store = Datastore::open(std::make_unique<CrashStorage>(disk), fixed_clock()).value();
      const bool right = store.live() == answered || (underway && store.live() == *underway);
      REQUIRE(right);
      answered = store.live();
      underway.reset();
      for (;;) {
        std::vector<Change> changes;
        for (std::size_t i = 0; i <= random() % 4; ++i) {
          const std::string name = std::format("kernel.sysctl.\"a.{}\"", random() % 8);
          changes.push_back(random() % 4 == 0 ? unset(name) : set(name, std::string(random() % 200, 'x')));
        }
        underway = answered;
        apply(changes, *underway);
        REQUIRE(store.stage("t", changes));
        const bool done = store.commit("t", "uid 0").has_value();  // Catch2 would take the power cut for a failure
        REQUIRE(done);
        answered = *underway;
        underway.reset();
        REQUIRE(store.live() == answered);
      }
    } catch (const PowerCut&) {
      // The machine is off; the next life finds what the disk has.
    }
  }
}

TEST_CASE("a write that fails leaves the datastore as it was, and the next one works") {
  class FullDisk final : public Storage {
   public:
    bool full = false;
    bool dead = false;
    std::string content;
    Result<std::string> read() override { return content; }
    Result<> append(std::string_view bytes) override {
      if (!full) {
        content += bytes;
        return {};
      }
      content += bytes.substr(0, bytes.size() / 2);
      return fail(errno_error(ENOSPC, "writing"));
    }
    Result<> truncate(std::uint64_t size) override {
      if (dead) return fail(errno_error(EIO, "cutting"));
      content.resize(size);
      return {};
    }
    Result<> replace(std::string_view bytes) override {
      content = bytes;
      return {};
    }
  };
  auto storage = std::make_unique<FullDisk>();
  FullDisk& disk = *storage;
  Datastore store = Datastore::open(std::move(storage), fixed_clock()).value();
  commit(store, {set("motd", "a")});
  disk.full = true;
  REQUIRE(store.stage("t", {set("motd", "b")}));
  CHECK(store.commit("t", "uid 0").error().sys_errno == ENOSPC);
  CHECK(store.live() == Flat{{key("motd"), "a"}});
  CHECK(store.pending("t").has_value());
  disk.full = false;
  CHECK(store.commit("t", "uid 0").has_value());
  CHECK(Datastore::open(std::make_unique<MemoryStorage>(disk.content), fixed_clock())->live() == store.live());

  disk.full = disk.dead = true;
  REQUIRE(store.stage("t", {set("motd", "c")}));
  CHECK(!store.commit("t", "uid 0"));
  disk.full = false;
  CHECK(store.commit("t", "uid 0").error().code == ErrorCode::failed_precondition);
}

TEST_CASE("whoever may change a setting cannot fill the disk or the memory") {
  auto memory = std::make_unique<MemoryStorage>();
  MemoryStorage& storage = *memory;
  Datastore store = Datastore::open(std::move(memory), fixed_clock()).value();
  const std::string large(std::size_t{1} << 20U, 'x');
  // Large values that replace each other: the file stays bounded, older commits are given up, and it is read again.
  for (int i = 0; i < 60; ++i) {
    REQUIRE(store.stage("t", {set("motd", std::to_string(i) + large)}));
    REQUIRE(store.commit("t", "uid 7"));
    CHECK(storage.read()->size() < std::uint64_t{20} << 20U);
  }
  CHECK(store.history().size() < kHistory);
  auto copy = std::make_unique<MemoryStorage>();
  REQUIRE(copy->replace(storage.read().value()));
  const Datastore again = Datastore::open(std::move(copy), fixed_clock()).value();
  CHECK(again.live() == store.live());
  CHECK(again.last_commit() == 60);

  // Large values beside each other.
  for (int i = 0; i < 3; ++i) REQUIRE(store.stage("u", {set(std::format("kernel.sysctl.a{}", i), large)}));
  CHECK(store.stage("u", {set("kernel.sysctl.a3", large)}).error().code == ErrorCode::invalid_argument);
  CHECK(store.commit("u", "uid 7").error().code == ErrorCode::invalid_argument);
  CHECK(store.last_commit() == 60);
  // Transactions that are never committed.
  int staged = 0;
  while (store.stage(std::format("v{}", staged), {set("motd", large)})) ++staged;
  CHECK(staged < 40);
}
