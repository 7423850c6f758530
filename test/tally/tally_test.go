package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTally(t *testing.T) {
	for _, test := range []struct {
		name           string
		events         []string
		passed, failed int
		printed        string
	}{
		{"nothing", nil, 0, 0, "0 passed, 0 failed\n"},
		{"passed tests are silent, their package is not", []string{
			`{"Action":"run","Package":"p","Test":"TestA"}`,
			`{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}`,
			`{"Action":"pass","Package":"p","Test":"TestA/sub"}`,
			`{"Action":"pass","Package":"p","Test":"TestA"}`,
			`{"Action":"output","Package":"p","Output":"PASS\n"}`,
			`{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
			`{"Action":"pass","Package":"p"}`,
			`{"Action":"output","Package":"q","Output":"?   \tq\t[no test files]\n"}`,
			`{"Action":"skip","Package":"q"}`,
		}, 2, 0, "ok  \tp\t0.1s\n2 passed, 0 failed\n"},
		{"a failed test says what it said, and counts once", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: wrong\n"}`,
			`{"Action":"fail","Package":"p","Test":"TestA"}`,
			`{"Action":"pass","Package":"p","Test":"TestB"}`,
			`{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}`,
			`{"Action":"fail","Package":"p"}`,
		}, 1, 1, "    a_test.go:1: wrong\nFAIL\tp\t0.1s\n1 passed, 1 failed\n"},
		{"a package that does not build is a failure", []string{
			`{"Action":"build-output","ImportPath":"p","Output":"p.go:1: undefined: x\n"}`,
			`{"Action":"build-fail","ImportPath":"p"}`,
			`{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}`,
			`{"Action":"fail","Package":"p","FailedBuild":"p"}`,
		}, 0, 1, "p.go:1: undefined: x\nFAIL\tp [build failed]\n0 passed, 1 failed\n"},
		{"a package that dies is a failure, and says what ran", []string{
			`{"Action":"pass","Package":"p","Test":"TestA"}`,
			`{"Action":"output","Package":"p","Test":"TestB","Output":"panic: test timed out\n"}`,
			`{"Action":"fail","Package":"p"}`,
		}, 1, 1, "panic: test timed out\n1 passed, 1 failed\n"},
		{"skips are told by reason", []string{
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: no node\n"}`,
			`{"Action":"skip","Package":"p","Test":"TestA"}`,
			`{"Action":"output","Package":"p","Test":"TestB","Output":"    a_test.go:9: no node\n"}`,
			`{"Action":"skip","Package":"p","Test":"TestB"}`,
			`{"Action":"skip","Package":"p","Test":"TestC"}`,
			`{"Action":"pass","Package":"p","Test":"TestD"}`,
		}, 1, 0, "skipped 2: no node\nskipped 1: no reason given\n1 passed, 0 failed\n"},
		{"complaints of the go command go through", []string{"go: no such thing"}, 0, 0, "go: no such thing\n0 passed, 0 failed\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			got, err := read(strings.NewReader(strings.Join(test.events, "\n")), &out)
			if err != nil {
				t.Fatal(err)
			}
			if err := got.close(); err != nil {
				t.Fatal(err)
			}
			if got.passed != test.passed || got.failed != test.failed {
				t.Errorf("%d passed, %d failed, want %d and %d", got.passed, got.failed, test.passed, test.failed)
			}
			if diff := cmp.Diff(test.printed, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
