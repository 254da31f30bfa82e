/* SPDX-License-Identifier: MIT */
/* floor QUESTION N - the bare switches of bench.c and chain.c with as little as does
 * the same on x86-64: six registers and the floating-point control words are kept,
 * the latter loaded only where they differ. */
#define _POSIX_C_SOURCE 200809L
#include "peer.h"

#if !defined(__x86_64__) || defined(__ILP32__)
#error "written for x86-64"
#endif

void swap(void **save, void *load);

__asm__(".text\n"
        "swap:\n"
        "    push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        "    sub $8, %rsp\n"
        "    stmxcsr (%rsp); fnstcw 4(%rsp)\n"
        "    mov (%rsp), %eax; movzwl 4(%rsp), %ecx\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    xor (%rsp), %eax; and $0xffc0, %eax\n"
        "    xor 4(%rsp), %cx; or %eax, %ecx; jnz 2f\n"
        "1:  add $8, %rsp\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
        "    ret\n"
        "2:  ldmxcsr (%rsp); fldcw 4(%rsp); jmp 1b\n");

/* A context that will begin in fn. */
static void *context(char *top, void (*fn)(void))
{
    void **sp = (void **)(void *)top;

    *--sp = NULL; /* where fn would return to */
    *--sp = (void *)(uintptr_t)fn;
    sp -= 7;
    memset(sp, 0, 7 * sizeof *sp);
    __asm__ volatile("stmxcsr (%0); fnstcw 4(%0)" : : "r"(sp) : "memory");
    return sp;
}

/* ---- two ---- */

static void *here, *there;
static _Alignas(16) char stack[65536];

static void bounce_loop(void **mine, void **theirs, long n)
{
    while (n-- > 0)
        swap(mine, *theirs);
}

static void (*volatile bounce)(void **, void **, long) = bounce_loop;

static void bounce_back(void)
{
    for (;;)
        bounce(&there, &here, 1000000);
}

static void ask_switch(long n)
{
    there = context(stack + sizeof stack, bounce_back);
    bounce(&here, &there, n / 2);
}

static void switch_back(void)
{
    for (;;)
        swap(&there, here);
}

static void ask_apart(long n)
{
    there = context(stack + sizeof stack, switch_back);
    for (long i = 0; i < n / 2; i++)
        swap(&here, there);
}

/* ---- a ring of chains ---- */

static inline void hop(void **from, void *to)
{
    swap(from, to);
}

#include "../chain.h"

static void member(void)
{
    for (;;)
        round_loop(1000000);
}

static void ask_chain(long n, long among)
{
    char *stacks = aligned_alloc(4096, (size_t)among * STACK);

    members = among;
    for (long i = 1; i < among; i++)
        contexts[i] =
            context(stacks + (i + 1) * STACK - i % COLOURS * 64, member);
    round_loop(10);
    question_begin = cpu_now();
    round_loop(n / among);
}

static void ask_chain_10(long n)
{
    ask_chain(n, 10);
}

static void ask_chain_1000(long n)
{
    ask_chain(n, 1000);
}

static const struct question questions[] = {
    {"switch", NULL, ask_switch},
    {"switch.apart", NULL, ask_apart},
    {"chain.10", NULL, ask_chain_10},
    {"chain.1000", NULL, ask_chain_1000},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    return answer_question(argc, argv, questions);
}
