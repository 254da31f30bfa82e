// SPDX-License-Identifier: MIT
// http ADDRESS - plain text over HTTP by Go's own library.
package main

import (
	"log"
	"net/http"
	"os"
)

var hello = []byte("hello\n")

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Write(hello)
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
