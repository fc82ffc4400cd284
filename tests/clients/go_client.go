// go_client: a contender that uses the Lock of github.com/samuel/go-zookeeper.
// In each round it takes the lock, stays for a moment, stamps begin and end of
// its stay as stamp.c does, and releases the lock.
//
// usage: go_client CONNECT PATH ROUNDS FILE NAME [lock]
//
// HOLD_MS (1) and SESSION_MS (10000) in the environment change the length of a
// stay and the session timeout.  The exit status is 0 after all rounds.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/samuel/go-zookeeper/zk"
)

const clockMonotonic = 1

// check ends the program if there is an error.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

// setting returns a number of milliseconds from the environment.
func setting(name, otherwise string) time.Duration {
	text, found := os.LookupEnv(name)
	if !found {
		text = otherwise
	}
	return time.Duration(number(text)) * time.Millisecond
}

// monotonic returns CLOCK_MONOTONIC, which package time does not offer.
func monotonic() int64 {
	var now syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME,
		clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		log.Fatal(errno)
	}
	return now.Nano()
}

// stamp uses a single write, because os.File would continue after a short one.
func stamp(file *os.File, what, name string) {
	line := fmt.Sprintf("%s %d %s\n", what, monotonic(), name)
	n, err := syscall.Write(int(file.Fd()), []byte(line))
	check(err)
	if n != len(line) {
		log.Fatal("short write")
	}
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("go_client: ")
	args := os.Args[1:]
	if len(args) < 5 || len(args) > 6 {
		log.Fatal("usage: go_client CONNECT PATH ROUNDS FILE NAME [lock]")
	}
	if len(args) == 6 && args[5] != "lock" {
		log.Fatal("unknown kind ", args[5])
	}
	rounds, hold := number(args[2]), setting("HOLD_MS", "1")
	file, err := os.OpenFile(args[3],
		os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	check(err)
	conn, _, err := zk.Connect(strings.Split(args[0], ","),
		setting("SESSION_MS", "10000"), zk.WithLogInfo(false))
	check(err)
	defer conn.Close()
	lock := zk.NewLock(conn, args[1], zk.WorldACL(zk.PermAll))
	for i := 0; i < rounds; i++ {
		check(lock.Lock())
		stamp(file, "begin", args[4])
		time.Sleep(hold)
		stamp(file, "end", args[4])
		check(lock.Unlock())
	}
}
