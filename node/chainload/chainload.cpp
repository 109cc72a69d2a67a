// bulkhead-chainload.efi: the program that the firmware starts (EFI/BOOT/BOOTX64.EFI). It starts systemd-boot, and
// restarts the machine when systemd-boot returns.
//
// systemd-boot returns when the firmware refuses the UKI that it chose, because it is damaged or signed with another
// key. It has used up one try of the UKI by then, so that after a few restarts another version is chosen. Without this
// program the firmware would try its list of boot options and end in its menu, waiting for somebody (seen with OVMF;
// systemd-boot can restart by itself from version 258 on, loader.conf(5) "reboot-on-error").
//
// UEFI 2.10: sections 4 (entry point), 7.4 (LoadImage, StartImage), 8.5.1 (ResetSystem), 10.3.5.4 (file path node).
#include <efi.h>

namespace {

constexpr CHAR16 kLoader[] = L"\\EFI\\systemd\\systemd-bootx64.efi";
constexpr CHAR16 kLastWords[] = L"\r\nbulkhead: no version could be started. Restarting in 3 s.\r\n";
constexpr UINTN kLastWordsTime = 3'000'000;  // microseconds

// Device paths are sequences of nodes without alignment.
UINTN size_of(const EFI_DEVICE_PATH* node) { return node->Length[0] + (UINTN{node->Length[1]} << 8U); }
const EFI_DEVICE_PATH* behind(const EFI_DEVICE_PATH* node) {
  return reinterpret_cast<const EFI_DEVICE_PATH*>(reinterpret_cast<const UINT8*>(node) + size_of(node));
}
void start_node(EFI_DEVICE_PATH* node, UINT8 type, UINT8 sub_type, UINTN size) {
  *node = {.Type = type, .SubType = sub_type, .Length = {static_cast<UINT8>(size), static_cast<UINT8>(size >> 8U)}};
}

// The path of systemd-boot on the device that `self` came from. On error, `path` is unchanged. The restart frees the
// memory.
EFI_STATUS path_of_loader(EFI_HANDLE self, EFI_BOOT_SERVICES* services, EFI_DEVICE_PATH** path) {
  EFI_GUID loaded_image = LOADED_IMAGE_PROTOCOL;
  EFI_GUID device_path = DEVICE_PATH_PROTOCOL;
  EFI_LOADED_IMAGE* image = nullptr;
  EFI_STATUS status = services->HandleProtocol(self, &loaded_image, reinterpret_cast<void**>(&image));
  if (EFI_ERROR(status)) return status;
  EFI_DEVICE_PATH* device = nullptr;
  status = services->HandleProtocol(image->DeviceHandle, &device_path, reinterpret_cast<void**>(&device));
  if (EFI_ERROR(status)) return status;

  const EFI_DEVICE_PATH* end = device;
  while (end->Type != END_DEVICE_PATH_TYPE) end = behind(end);
  const UINTN device_size = static_cast<UINTN>(reinterpret_cast<const UINT8*>(end) - reinterpret_cast<UINT8*>(device));
  const UINTN file_size = sizeof(EFI_DEVICE_PATH) + sizeof kLoader;
  UINT8* made = nullptr;
  status = services->AllocatePool(EfiLoaderData, device_size + file_size + sizeof(EFI_DEVICE_PATH),
                                  reinterpret_cast<void**>(&made));
  if (EFI_ERROR(status)) return status;
  services->CopyMem(made, device, device_size);
  auto* file = reinterpret_cast<EFI_DEVICE_PATH*>(made + device_size);
  start_node(file, MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP, file_size);
  services->CopyMem(file + 1, const_cast<CHAR16*>(kLoader), sizeof kLoader);
  start_node(reinterpret_cast<EFI_DEVICE_PATH*>(made + device_size + file_size), END_DEVICE_PATH_TYPE,
             END_ENTIRE_DEVICE_PATH_SUBTYPE, sizeof(EFI_DEVICE_PATH));
  *path = reinterpret_cast<EFI_DEVICE_PATH*>(made);
  return EFI_SUCCESS;
}

}  // namespace

extern "C" EFI_STATUS efi_main(EFI_HANDLE self, EFI_SYSTEM_TABLE* system) {
  EFI_BOOT_SERVICES* services = system->BootServices;
  EFI_DEVICE_PATH* path = nullptr;
  EFI_HANDLE loader = nullptr;
  if (!EFI_ERROR(path_of_loader(self, services, &path)) &&
      !EFI_ERROR(services->LoadImage(FALSE, self, path, nullptr, 0, &loader))) {
    services->StartImage(loader, nullptr, nullptr);
  }
  system->ConOut->OutputString(system->ConOut, const_cast<CHAR16*>(kLastWords));
  services->Stall(kLastWordsTime);
  system->RuntimeServices->ResetSystem(EfiResetCold, EFI_SUCCESS, 0, nullptr);
  return EFI_LOAD_ERROR;  // a firmware that cannot restart continues with its other boot options
}
