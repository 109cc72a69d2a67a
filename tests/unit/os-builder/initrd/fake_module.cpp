// What MODULE_INFO() of the kernel leaves in a module.
[[gnu::section(".modinfo"), gnu::used]] static const char kModinfo[] =
    "license=GPL\0alias=dm-verity\0alias=virtio:d00000002v*\0depends=dm-mod,dm_bufio\0name=dm_verity";
