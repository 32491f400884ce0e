/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of one level. A pointer to any other level is never followed: it is the number of a stretch of addresses
 * that share a table of PTEs, so that the tree's own walkers step through them. Addresses of pages are frame numbers.
 */
#pragma once
#define VMALLOC_START drive_start
#define VMALLOC_END drive_end
#define VMALLOC_TOTAL (VMALLOC_END - VMALLOC_START)
#define MODULES_VADDR 0
#define DRIVE_PTES 64
#define PMD_SHIFT (PAGE_SHIFT + 6)
#define PUD_SHIFT (PMD_SHIFT + 9)
#define P4D_SHIFT PUD_SHIFT
#define PMD_SIZE (1UL << PMD_SHIFT)
#define PMD_MASK (~(PMD_SIZE - 1))
#define PUD_SIZE (1UL << PUD_SHIFT)
#define PUD_MASK (~(PUD_SIZE - 1))
#define P4D_SIZE PUD_SIZE
#define P4D_MASK PUD_MASK
#define PGDIR_SIZE PMD_SIZE

typedef struct { unsigned long pfn; } pte_t;
typedef struct { char none; } pgd_t;
#define p4d_t pgd_t
#define pud_t pgd_t
#define pmd_t pgd_t
pte_t *drive_pte(unsigned long addr, int make);		/* NULL if its table was never made */
pte_t *drive_pte_alloc(unsigned long addr, int line);	/* makes it, if memory can be had for it */
void drive_set_pte(unsigned long addr, pte_t *at, pte_t pte);
pte_t drive_clear_pte(unsigned long addr, pte_t *at);

#define drive_top(addr) ((pgd_t *)((addr) >> PMD_SHIFT))
#define drive_no_table(d) (drive_pte((unsigned long)(d) << PMD_SHIFT, 0) == NULL)
static inline unsigned long drive_edge(unsigned long addr, unsigned long end)
{
	unsigned long edge = (addr + PMD_SIZE) & PMD_MASK;

	return edge - 1 < end - 1 ? edge : end;
}

#define pgd_offset(m, a) drive_top(a)
#define pgd_offset_k(a) drive_top(a)
#define p4d_offset(d, a) (d)
#define pud_offset(d, a) (d)
#define pmd_offset(d, a) (d)
#define p4d_alloc(m, d, a) (d)
#define pud_alloc(m, d, a) (d)
#define pmd_alloc(m, d, a) (d)
#define p4d_alloc_track(m, d, a, k) (d)
#define pud_alloc_track(m, d, a, k) (d)
#define pmd_alloc_track(m, d, a, k) (d)
#define pte_alloc_kernel(d, a) drive_pte_alloc(a, __LINE__)
#define pte_alloc_kernel_track(d, a, k) drive_pte_alloc(a, __LINE__)
#define pte_offset_kernel(d, a) drive_pte(a, 0)
#define pgd_addr_end(a, e) drive_edge(a, e)
#define p4d_addr_end(a, e) (e)
#define pud_addr_end(a, e) (e)
#define pmd_addr_end(a, e) (e)
#define pgd_none(d) drive_no_table(&(d))
#define pgd_none_or_clear_bad(d) drive_no_table(d)
#define p4d_none(d) 0
#define pud_none(d) 0
#define pmd_none(d) 0
#define p4d_none_or_clear_bad(d) 0
#define pud_none_or_clear_bad(d) 0
#define pmd_none_or_clear_bad(d) 0
#define pgd_bad(d) 0
#define p4d_bad(d) 0
#define pud_bad(d) 0
#define pmd_bad(d) 0
/* Nothing is mapped by more than a page. */
#define pgd_leaf(d) 0
#define p4d_leaf(d) 0
#define pud_leaf(d) 0
#define pmd_leaf(d) 0
#define p4d_present(d) 0
#define pud_present(d) 0
#define pmd_present(d) 0
#define p4d_clear_huge(d) 0
#define pud_clear_huge(d) 0
#define pmd_clear_huge(d) 0
#define p4d_set_huge(...) 0
#define pud_set_huge(...) 0
#define pmd_set_huge(...) 0
#define p4d_free_pud_page(...) 0
#define pud_free_pmd_page(...) 0
#define pmd_free_pte_page(...) 0
#define p4d_page(d) ((struct page *)0)
#define pud_page(d) ((struct page *)0)
#define pmd_page(d) ((struct page *)0)
#define arch_vmap_pte_range_unmap_size(a, p) PAGE_SIZE

#define pte_none(p) ((p).pfn == 0)
#define pte_present(p) ((p).pfn != 0)
#define pte_page(p) ((struct page *)(p).pfn)
#define pte_mkspecial(p) (p)
#define ptep_get(p) (*(p))
#define mk_pte(page, prot) ((pte_t){ page_to_pfn(page) })
#define pfn_pte(pfn, prot) ((pte_t){ pfn })
#define set_pte_at(m, a, p, v) (DRIVE_POINT("set PTE"), drive_set_pte(a, p, v))
#define ptep_get_and_clear(m, a, p) (DRIVE_POINT("clear PTE"), drive_clear_pte(a, p))
#define lazy_mmu_mode_enable() DRIVE_SECTION(1)
#define lazy_mmu_mode_disable() DRIVE_SECTION(-1)
#define arch_enter_lazy_mmu_mode() DRIVE_SECTION(1)
#define arch_leave_lazy_mmu_mode() DRIVE_SECTION(-1)
#define ARCH_PAGE_TABLE_SYNC_MASK 0
#define PGTBL_PGD_MODIFIED 1
#define PGTBL_P4D_MODIFIED 2
#define PGTBL_PUD_MODIFIED 4
#define PGTBL_PMD_MODIFIED 8
#define PGTBL_PTE_MODIFIED 16
#define PAGE_KERNEL ((pgprot_t){ 0 })
#define PAGE_KERNEL_EXEC ((pgprot_t){ 0 })
#define pgprot_nx(p) (p)
#define pgprot_val(p) ((p).v)
#define page_to_pfn(p) ((unsigned long)(p))
#define pfn_to_page(n) ((struct page *)(n))
#define page_to_phys(p) ((unsigned long)(p) << PAGE_SHIFT)
#define pfn_valid(n) ((n) != 0)

#define flush_tlb_kernel_range(s, e) (DRIVE_POINT("flush TLBs"), drive_event(DRIVE_FLUSH, s, e, 0))
#define flush_cache_vmap(s, e) ((void)0)
#define flush_cache_vmap_early(s, e) ((void)0)
#define flush_cache_vunmap(s, e) drive_event(DRIVE_CACHE, s, e, 0)
int set_direct_map_invalid_noflush(struct page *page);
int set_direct_map_default_noflush(struct page *page);
