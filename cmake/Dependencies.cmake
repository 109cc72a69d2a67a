# Every library from outside, in one place. All come from the SDK root (docs/developers.md, "Adding things").
include_guard(GLOBAL)

find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Catch2 3 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(LibArchive REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
set(Boost_USE_STATIC_LIBS ON) # only Boost.URL is more than headers
find_package(Boost 1.83 CONFIG REQUIRED COMPONENTS url)
find_path(KAINJOW_MUSTACHE_INCLUDE_DIR mustache.hpp PATH_SUFFIXES kainjow REQUIRED)

foreach(entry IN ITEMS
    "cryptsetup|libcryptsetup>=2.7" "systemd|libsystemd>=257" "apt|apt-pkg>=3.0" "fdisk|fdisk>=2.41"
    "blkid|blkid>=2.41" "nftables|libnftables>=1.1" "kmod|libkmod" "elf|libelf" "zstd|libzstd" "uuid|uuid"
    # For the patterns of settings: small, with limits on time and memory, and in every image already, as systemd needs
    # libselinux and that needs it; libpcre2-dev comes with libselinux1-dev. (RE2 would bring Abseil, which nothing else
    # uses.)
    "pcre2|libpcre2-8>=10.42")
  string(REPLACE "|" ";" pair "${entry}")
  list(GET pair 0 name)
  list(GET pair 1 spec)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET "${spec}")
endforeach()
