// The guest of vm::probe(): 512 bytes in real mode at 0x7c00, started by the BIOS.
//
// It enters 64-bit mode with paging and then does what a stock kernel and C library do in their first second: string
// instructions, CPUID, an MSR, BMI1 with a memory operand when CPUID offers it, AVX loads and stores when it does. Each
// value is checked; only when all are right is kProbePassed (0x31) written to port 0xf4. Anything else (a wrong value,
// a fault, a hang, a hypervisor that gives up) is a failure.
#include "lib/vm/accelerator.hpp"

// Offsets are relative to `bulkhead_probe_guest`, so that the code needs no relocation wherever it is linked to.
asm(R"(
  .pushsection .rodata.bulkhead_probe_guest, "a"
  .globl bulkhead_probe_guest
  .hidden bulkhead_probe_guest
  .balign 16
bulkhead_probe_guest:
  .code16
  # start
  cli
  cld
  xorw %ax, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movw $0x7c00, %sp
  # Page tables at 0x1000-0x3fff: the first 2 MiB, one to one.
  movw $0x1000, %di
  movw $0x3000, %cx
  rep stosb
  movl $0x2003, 0x1000
  movl $0x3003, 0x2000
  movl $0x83, 0x3000
  lgdtl 0x7c00 + (.Lprobe_gdt_pointer - bulkhead_probe_guest)
  movl %cr4, %eax
  orl $0x620, %eax            # PAE, OSFXSR, OSXMMEXCPT
  movl %eax, %cr4
  movl $0x1000, %eax
  movl %eax, %cr3
  movl $0xc0000080, %ecx      # EFER.LME
  rdmsr
  orl $0x100, %eax
  wrmsr
  movl %cr0, %eax
  andl $0xfffffffb, %eax      # not EM
  orl $0x80000003, %eax       # PG, MP, PE
  movl %eax, %cr0
  ljmpl $8, $(0x7c00 + (.Lprobe_long_mode - bulkhead_probe_guest))

  .balign 8
.Lprobe_gdt:
  .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
.Lprobe_gdt_pointer:
  .word 23
  .long 0x7c00 + (.Lprobe_gdt - bulkhead_probe_guest)

  .code64
.Lprobe_long_mode:
  movl $16, %eax
  movl %eax, %ss
  movl %eax, %ds
  movl $0x8000, %ebp
  movq $0x5a5a, (%rbp)
  movq $0, 8(%rbp)

  movl $7, %eax
  xorl %ecx, %ecx
  cpuid
  testl $8, %ebx              # BMI1
  jz 2f
  movl $0xff00, %eax
  andnl (%rbp), %eax, %edx    # ~0xff00 & 0x5a5a
  cmpl $0x5a, %edx
  jne 9f
  blsrl (%rbp), %edx
  cmpl $0x5a58, %edx
  jne 9f
2:
  movl $1, %eax
  cpuid
  andl $0x14000000, %ecx      # XSAVE, AVX
  cmpl $0x14000000, %ecx
  jne 3f
  movq %cr4, %rax
  orl $0x40000, %eax          # OSXSAVE
  movq %rax, %cr4
  xorl %ecx, %ecx
  xorl %edx, %edx
  movl $7, %eax
  xsetbv
  vmovdqu (%rbp), %xmm0
  vpaddd %xmm0, %xmm0, %xmm1
  vmovdqu %xmm1, 16(%rbp)
  cmpl $0xb4b4, 16(%rbp)
  jne 9f
  vzeroupper
3:
  movb $0x31, %al
  outb %al, $0xf4
9:
  hlt
  jmp 9b

  .org bulkhead_probe_guest + 510
  .word 0xaa55
  .popsection
  .code64
)");

// As the assembly above names it.
extern "C" const std::byte bulkhead_probe_guest[512];  // NOLINT(readability-identifier-naming)

namespace bulkhead::vm {

std::span<const std::byte> probe_guest() { return bulkhead_probe_guest; }

}  // namespace bulkhead::vm
