// SPDX-License-Identifier: MIT
// echo CONNECTIONS - the server of echo.c in Go, on one thread.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
)

func main() {
	runtime.GOMAXPROCS(1)
	expected, _ := strconv.Atoi(os.Args[1])
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	come := 0
	for {
		c, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			buffer := make([]byte, 1024)
			for {
				n, err := c.Read(buffer)
				if err != nil {
					break
				}
				c.Write(buffer[:n])
			}
			if come >= expected {
				os.Exit(0)
			}
		}()
		come++
	}
}
