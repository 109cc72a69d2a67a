#include "os-builder/build/plan.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"

namespace bulkhead::build {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

BuildPlan sample_plan() {
  BuildPlan plan;
  plan.variant.name = "kvm";
  plan.variant.version = Version::parse("1.2.3").value();
  plan.variant.partitions = {.esp = 64 * kMiB,
                             .root = 8 * kMiB,
                             .verity = 2 * kMiB,
                             .verity_signature = kMiB,
                             .state = 3 * kMiB,
                             .data = 5 * kMiB};
  plan.partitions = planned_partitions(plan.variant).value();
  return plan;
}

}  // namespace

TEST_CASE("a plan shows the partitions of the disk, and what the first boot adds") {
  const std::string text = to_text(sample_plan(), false);
  std::vector<std::string> rows;
  for (const std::string_view line : split(std::string_view(text).substr(text.find("NUMBER")), '\n')) {
    if (line.empty()) break;
    rows.emplace_back(trim(line));
  }
  CHECK(rows == std::vector<std::string>{
                    "NUMBER  LABEL                                      SIZE",
                    "1       BULKHEAD-ESP                               64 MiB",
                    "2       bulkhead_1.2.3                             8 MiB",
                    "3       bulkhead_1.2.3_verity                      2 MiB",
                    "4       bulkhead_1.2.3_sig                         1 MiB",
                    "5       _empty                                     8 MiB",
                    "6       _empty                                     2 MiB",
                    "7       _empty                                     1 MiB",
                    "8       BULKHEAD-STATE (made at first boot)        3 MiB",
                    "9       BULKHEAD-DATA (made at first boot, grows)  5 MiB",
                });
}

TEST_CASE("a plan says why a package comes from another suite") {
  BuildPlan plan = sample_plan();
  CHECK_FALSE(to_text(plan, false).contains("From other suites"));
  packages::Package crun;
  crun.name = "crun";
  crun.suite = "sid";
  crun.suite_reason = "CVE-2026-0001";
  packages::Package libc;
  libc.name = "libc6";
  libc.suite = "trixie";
  plan.packages.packages = {crun, libc};
  const std::string text = to_text(plan, false);
  CHECK(text.contains("\nFrom other suites than the rest\nNAME  SUITE  WHY\ncrun  sid    CVE-2026-0001\n\n"));
  const auto json = nlohmann::json::parse(to_json(plan));
  CHECK(json["packages"][0]["suite_reason"] == "CVE-2026-0001");
  CHECK(json["packages"][1]["suite_reason"] == "");
}

TEST_CASE("for programs, a plan tells label and origin of a partition apart") {
  const auto json = nlohmann::json::parse(to_json(sample_plan()));
  CHECK(json["partitions"][0] == nlohmann::json{{"number", 1},
                                                {"label", "BULKHEAD-ESP"},
                                                {"size", 64 * kMiB},
                                                {"made_at_first_boot", false},
                                                {"grows", false}});
  CHECK(json["partitions"][8]["label"] == "BULKHEAD-DATA");
  CHECK(json["partitions"][8]["made_at_first_boot"] == true);
  CHECK(json["partitions"][8]["grows"] == true);
}

TEST_CASE("a version that is too long for a partition label is refused before anything is built") {
  variant::Variant variant = sample_plan().variant;
  variant.version = Version::parse("1.0.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").value();
  CHECK(planned_partitions(variant).error().code == ErrorCode::invalid_argument);
}

}  // namespace bulkhead::build
