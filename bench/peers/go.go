// SPDX-License-Identifier: MIT
// go QUESTION N - what the questions of bench.c and many.c cost in Go, on one thread.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func cpu() int64 {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

var begin, end int64 // the end, if it is not when the question returns

func yieldAmong(n, others int) {
	over := false
	var all sync.WaitGroup
	for i := 0; i < others; i++ {
		all.Add(1)
		go func() {
			for !over {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	runtime.Gosched()
	begin = cpu() // all have begun
	for i := 0; i < n/(others+1); i++ {
		runtime.Gosched()
	}
	end = cpu()
	over = true
	all.Wait()
}

func spawn(n int) {
	done := make(chan int)
	for i := 0; i < n; i++ {
		go func() { done <- 1 }()
		<-done
	}
}

func spawnMany(n, batch int) {
	for ; n > 0; n -= batch {
		var all sync.WaitGroup
		all.Add(batch)
		for i := 0; i < batch; i++ {
			go all.Done()
		}
		all.Wait()
	}
}

func parkMany(n int) {
	var all sync.WaitGroup
	event := make(chan int)
	all.Add(n)
	for i := 0; i < n; i++ {
		go func() { <-event; all.Done() }()
	}
	runtime.Gosched()
	close(event)
	all.Wait()
}

func fanOut(n int) {
	var sum int64
	for left := n + 10000; left > 0; left -= 10000 {
		var all sync.WaitGroup
		event := make(chan int)
		all.Add(10000)
		for i := 0; i < 10000; i++ {
			go func() { <-event; all.Done() }()
		}
		runtime.Gosched()
		from := cpu()
		close(event)
		all.Wait()
		if left <= n {
			sum += cpu() - from
		}
	}
	begin, end = 0, sum
}

func ring(n int) {
	first := make(chan int)
	in := first
	for i := 0; i < 1000; i++ {
		out := make(chan int)
		go func(in, out chan int) {
			for item := range in {
				out <- item
			}
		}(in, out)
		in = out
	}
	runtime.Gosched()
	begin = cpu()
	for ; n > 0; n -= 1000 {
		first <- 0
		<-in
	}
}

func selectEight(n int) {
	var c [8]chan int
	for i := range c {
		c[i] = make(chan int)
	}
	go func() {
		for {
			select {
			case <-c[0]:
			case <-c[1]:
			case <-c[2]:
			case <-c[3]:
			case <-c[4]:
			case <-c[5]:
			case <-c[6]:
			case <-c[7]:
			}
		}
	}()
	for i := 0; i < n; i++ {
		c[i&7] <- i
	}
}

func cancel(n int) {
	never := make(chan int)
	for i := 0; i < n; i++ {
		over, done := make(chan int), make(chan int)
		go func() {
			select {
			case <-never:
			case <-over:
			}
			close(done)
		}()
		runtime.Gosched()
		close(over)
		<-done
	}
}

func putThrough(n, max int) {
	c, over := make(chan int, max), make(chan int)
	go func() {
		for range c {
		}
		close(over)
	}()
	for i := 0; i < n; i++ {
		c <- i
	}
	close(c)
	<-over
}

func semaphore(n int) {
	to, fro := make(chan int, 1), make(chan int, 1)
	go func() {
		for range to {
			fro <- 1
		}
	}()
	for i := 0; i < n/2; i++ {
		to <- 1
		<-fro
	}
	close(to)
}

func mutexWait(n int) {
	var m sync.Mutex
	var all sync.WaitGroup
	all.Add(4)
	for i := 0; i < 4; i++ {
		go func() {
			for i := 0; i < n/4; i++ {
				m.Lock()
				runtime.Gosched()
				m.Unlock()
			}
			all.Done()
		}()
	}
	all.Wait()
}

func mutex(n int) {
	var m sync.Mutex
	for i := 0; i < n; i++ {
		m.Lock()
		m.Unlock()
	}
}

var random uint32 = 1

func next() uint32 {
	random = random*1664525 + 1013904223
	return random >> 8
}

func timer() *time.Timer {
	return time.NewTimer(time.Hour + time.Duration(next())*time.Microsecond)
}

func sleeps(n int) {
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			time.Sleep(time.Duration(1+next()%50) * time.Millisecond)
			all.Done()
		}()
	}
	all.Wait()
}

func skynet(up chan int, number, size int) {
	if size == 1 {
		up <- number
		return
	}
	down, sum := make(chan int), 0
	for i := 0; i < 10; i++ {
		go skynet(down, number+i*(size/10), size/10)
	}
	for i := 0; i < 10; i++ {
		sum += <-down
	}
	up <- sum
}

func tree(n int) {
	up := make(chan int)
	go skynet(up, 0, n)
	<-up
}

func memoryInUse() (sum float64) {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		f := strings.Fields(line)
		if len(f) > 1 && (f[0] == "VmRSS:" || f[0] == "VmPTE:") {
			k, _ := strconv.ParseFloat(f[1], 64)
			sum += k * 1024
		}
	}
	return
}

func memory(n int) float64 {
	before, event := memoryInUse(), make(chan int)
	for i := 0; i < n; i++ {
		go func() { <-event }()
	}
	runtime.Gosched()
	return (memoryInUse() - before) / float64(n)
}

func main() {
	runtime.GOMAXPROCS(1)
	n, _ := strconv.Atoi(os.Args[2])
	var timers []*time.Timer
	question := os.Args[1]
	if question == "timer.again" || question == "timer.cancel" {
		for i := 0; i < n; i++ {
			timers = append(timers, timer())
		}
	}
	if question == "skynet.warm" {
		tree(n)
	}
	if question == "park.warm" {
		parkMany(n)
	}
	begin = cpu()
	switch question {
	case "yield":
		yieldAmong(n, 1)
	case "yield.1000":
		yieldAmong(n, 999)
	case "yield.100k":
		yieldAmong(n, 99999)
	case "spawn":
		spawn(n)
	case "spawn.100":
		spawnMany(n, 100)
	case "spawn.100k":
		spawnMany(n, 100000)
	case "park.10k":
		for i := 0; i < n; i += 10000 {
			parkMany(10000)
		}
	case "park", "park.warm":
		parkMany(n)
	case "event.10k":
		fanOut(n)
	case "ring.1000":
		ring(n)
	case "select.8":
		selectEight(n)
	case "cancel":
		cancel(n)
	case "queue":
		putThrough(n, 128)
	case "channel":
		putThrough(n, 0)
	case "sem":
		semaphore(n)
	case "mutex":
		mutex(n)
	case "mutex.wait":
		mutexWait(n)
	case "timer.start":
		for i := 0; i < n; i++ {
			timers = append(timers, timer())
		}
	case "timer.again":
		for _, t := range timers {
			t.Reset(time.Hour + time.Duration(next())*time.Microsecond)
		}
	case "timer.cancel":
		for _, t := range timers {
			t.Stop()
		}
	case "sleeps":
		sleeps(n)
	case "skynet", "skynet.warm":
		tree(n)
	case "memory":
		fmt.Printf("memory %.1f\n", memory(n))
		return
	default:
		os.Exit(2)
	}
	if end == 0 {
		end = cpu()
	}
	fmt.Printf("%s %.2f\n", question, float64(end-begin)/float64(n))
}
