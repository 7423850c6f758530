package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// The load and what stands for provider and webhook share the cores with the
// gateway, so they speak the least HTTP/1.1 that can be spoken: requests are
// rendered once, and nothing is decoded that a cut finds.

// exchangeTime bounds one exchange of a conn. It is longer than any answer of
// the gateway may take.
const exchangeTime = time.Minute

// conn is a kept connection to the gateway.
type conn struct {
	net.Conn
	reader  *bufio.Reader
	request []byte // what the caller renders into
	// Of the last answer:
	body       []byte
	retryAfter string
}

func dialConn(ctx context.Context, address string) (*conn, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, reader: bufio.NewReader(c)}, nil
}

// exchange sends c.request and reads the answer.
func (c *conn) exchange() (status int, err error) {
	if err := c.SetDeadline(time.Now().Add(exchangeTime)); err != nil {
		return 0, err
	}
	if _, err := c.Write(c.request); err != nil {
		return 0, err
	}
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, fmt.Errorf("status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("status line %q", line)
	}
	c.retryAfter = ""
	length, err := readHeaders(c.reader, func(name, value []byte) {
		if bytes.Equal(name, []byte("Retry-After")) {
			c.retryAfter = string(value)
		}
	})
	if err != nil {
		return 0, err
	}
	c.body, err = readBody(c.reader, c.body, length)
	return status, err
}

// readHeaders reads up to the body and gives its length.
func readHeaders(r *bufio.Reader, each func(name, value []byte)) (length int, err error) {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			return length, nil
		}
		name, value, _ := bytes.Cut(line[:len(line)-2], []byte(": "))
		switch string(name) {
		case "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case "Transfer-Encoding":
			return 0, errors.New("a body without a length")
		default:
			if each != nil {
				each(name, value)
			}
		}
	}
}

func readBody(r *bufio.Reader, into []byte, length int) ([]byte, error) {
	if cap(into) < length {
		into = make([]byte, length)
	}
	into = into[:length]
	_, err := io.ReadFull(r, into)
	return into, err
}

// shape is a request that was rendered once, with gaps of a fixed width.
type shape struct {
	text []byte
	at   [4]int
	size [4]int
}

// gap is a place in the body of a shape, to be filled by its number, 1 to 4.
func gap(number, width int) string { return strings.Repeat(string(rune(number)), width) }

// The widths of gaps.
const (
	phoneWidth  = 11
	numberWidth = 12
	idWidth     = 26 // a ULID
)

func newShape(path, headers, body string) *shape {
	s := &shape{text: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s", path, headers, len(body), body)}
	for i := range s.at {
		mark := []byte{byte(i + 1)}
		s.at[i] = bytes.Index(s.text, mark)
		s.size[i] = bytes.Count(s.text, mark)
	}
	return s
}

// render copies the shape to the connection's request.
func (s *shape) render(c *conn) { c.request = append(c.request[:0], s.text...) }

// number fills a gap with a number, zeros in front.
func (s *shape) number(c *conn, gap int, n int64) {
	place := c.request[s.at[gap-1]:][:s.size[gap-1]]
	for i := len(place) - 1; i >= 0; i-- {
		place[i] = byte('0' + n%10)
		n /= 10
	}
}

// word fills a gap with a text of its width.
func (s *shape) word(c *conn, gap int, text string) {
	copy(c.request[s.at[gap-1]:][:s.size[gap-1]], text)
}

// handler answers a request: it appends the whole answer to out. body and out
// are its own until it returns.
type handler func(path string, body, out []byte) []byte

// The answers of provider and webhook.
const (
	answerOK          = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	answerUnavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
)

// serve answers on a port of its own until stop is called.
func serve(h handler) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // by stop
			}
			go answer(c, h)
		}
	}()
	return l.Addr().String(), func() { l.Close() }, nil
}

// answer serves one connection until the gateway closes it.
func answer(c net.Conn, h handler) {
	defer c.Close()
	reader := bufio.NewReader(c)
	var path string
	var body, out []byte
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		if fields := bytes.Fields(line); len(fields) == 3 && string(fields[1]) != path {
			path = string(fields[1])
		}
		length, err := readHeaders(reader, nil)
		if err != nil {
			return
		}
		if body, err = readBody(reader, body, length); err != nil {
			return
		}
		out = h(path, body, out[:0])
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// between finds what stands between two texts, without decoding the rest.
func between(body []byte, before, after string) []byte {
	_, rest, ok := bytes.Cut(body, []byte(before))
	if !ok {
		return nil
	}
	found, _, _ := bytes.Cut(rest, []byte(after))
	return found
}
