// The identity of this machine, written before systemd starts.
#pragma once

#include "lib/sys/file.hpp"
#include "node/init/block_devices.hpp"

namespace bulkhead::init {

// Writes <root>/etc/machine-id: the one on the STATE partition when that has a file system with a valid one, else the
// firmware's product UUID, else a random one; the node commits it to STATE later. STATE is mounted read-only for this,
// and unmounted again.
Result<> write_machine_id(const sys::Path& root, const SlotPartitions& slot);

// Writes udev rules for the disk that the system runs from, so that /dev/bulkhead/{esp,state,data} name partitions of
// that disk only, whatever else is attached. Needs /run.
Result<> write_disk_rules(const BlockDevice& disk);

}  // namespace bulkhead::init
