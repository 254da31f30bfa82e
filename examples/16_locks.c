/* SPDX-License-Identifier: MIT */
/* 16 - Locks, and when to do without.
 *
 * Between two blocking calls a greenlet is alone: no lock is needed for what
 * happens there.  A mutex is for a state that must hold across a blocking
 * call, and a condition lets a greenlet wait inside the lock until that state
 * has changed. */
#include <green.h>
#include <stdio.h>

static green_mutex_t lock = GREEN_MUTEX_INIT;
static green_cond_t paid_in = GREEN_COND_INIT;
static int balance;

static void *withdraw(void *arg)
{
    const int *amount = arg;
    int error = green_mutex_lock(&lock, GREEN_FOREVER);

    if (error)
        return NULL;
    while (balance < *amount && !error) {
        printf("%d: too little for %d\n", balance, *amount);
        error = green_cond_wait(&paid_in, &lock, GREEN_FOREVER);
    }
    if (!error) {
        balance -= *amount;
        printf("%d after taking %d\n", balance, *amount);
    }
    green_mutex_unlock(&lock);
    return NULL;
}

static void *pay_in(void *arg)
{
    const int *amount = arg;

    if (green_mutex_lock(&lock, GREEN_FOREVER) != 0)
        return NULL;
    balance += *amount;
    green_yield(); /* write it down; nobody sees the account meanwhile */
    printf("%d after paying in %d\n", balance, *amount);
    green_cond_broadcast(&paid_in);
    green_mutex_unlock(&lock);
    return NULL;
}

int main(void)
{
    int much = 50, little = 20, coins = 30, notes = 40;
    green_t *all[] = {
        green_spawn(withdraw, &much),
        green_spawn(pay_in, &coins),
        green_spawn(withdraw, &little),
        green_spawn(pay_in, &notes),
    };

    if (!all[0] || !all[1] || !all[2] || !all[3] ||
        green_joinall(all, 4, GREEN_FOREVER) != 0) {
        perror("16_locks");
        return 1;
    }
    green_releaseall(all, 4);
    return 0;
}
