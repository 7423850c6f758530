package webhook

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"switchyard/internal/dial"
)

// field is a header of a request.
type field struct{ name, value string }

// connection is an HTTP/1.1 connection to an endpoint. Who makes an exchange on
// it writes and reads on his own goroutine, which is why there is one here:
// http.Transport passes each request to one goroutine and each answer to
// another, which cost half of a post.
type connection struct {
	net.Conn
	origin    string // scheme and address
	out       *bufio.Writer
	in        *bufio.Reader
	allowance int64 // bytes that may still be read
	kept      bool  // it has carried an exchange before
	idleSince time.Time
}

// answer is what an endpoint said, but for the body.
type answer struct {
	status int
	header http.Header
}

// errNoAnswer says that a kept connection broke before the answer began: the
// endpoint may have closed it long ago.
var errNoAnswer = errors.New("the kept connection broke")

// errFields says that a header or the target cannot be written.
var errFields = errors.New("a header holds control characters")

// Read implements io.Reader for in: it bounds the header of an answer.
func (c *connection) Read(p []byte) (int, error) {
	if c.allowance <= 0 {
		return 0, errBroken
	}
	if int64(len(p)) > c.allowance {
		p = p[:c.allowance]
	}
	n, err := c.Conn.Read(p)
	c.allowance -= int64(n)
	return n, err
}

// connect makes a connection to the target.
func (p *Poster) connect(ctx context.Context, target *url.URL, origin, address string) (*connection, error) {
	conn, err := p.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if target.Scheme == "https" {
		secured := tls.Client(conn, &tls.Config{ServerName: target.Hostname()})
		limited, cancel := context.WithTimeout(ctx, dial.ConnectTimeout)
		defer cancel()
		if err := secured.HandshakeContext(limited); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secured
	}
	c := &connection{Conn: conn, origin: origin, out: bufio.NewWriter(conn)}
	c.in = bufio.NewReader(c)
	return c, nil
}

// exchange posts once and reads the answer. A kept connection that turns out to
// be closed is replaced: webhook-id lets the endpoint recognise a duplicate.
func (p *Poster) exchange(ctx context.Context, target *url.URL, fields []field, body []byte) (answer, error) {
	port := target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[target.Scheme]
	}
	address := net.JoinHostPort(target.Hostname(), port)
	origin := target.Scheme + "://" + address
	c := p.idle.take(origin)
	for {
		if c == nil {
			var err error
			if c, err = p.connect(ctx, target, origin, address); err != nil {
				return answer{}, err
			}
		}
		a, reusable, err := c.exchange(ctx, target, fields, body)
		if reusable {
			p.idle.put(c)
		} else {
			c.Close()
		}
		if errors.Is(err, errNoAnswer) && ctx.Err() == nil {
			c = nil
			continue
		}
		return a, err
	}
}

// exchange says also whether the connection can carry another one.
func (c *connection) exchange(ctx context.Context, target *url.URL, fields []field, body []byte) (a answer, reusable bool, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer func() { reusable = stop() && reusable }()
	if err := c.write(target, fields, body); errors.Is(err, errFields) {
		return answer{}, false, err
	}
	// An endpoint may answer, and close, before it has read everything. If it
	// has not, the read says what is wrong.
	c.allowance = maxAnswerHeader
	if _, err := c.in.Peek(1); err != nil {
		if c.kept {
			err = errors.Join(errNoAnswer, err)
		}
		return answer{}, false, err
	}
	resp, err := c.read() //nolint:bodyclose // drain closes it
	if err != nil {
		return answer{}, false, err
	}
	return answer{resp.StatusCode, resp.Header}, c.drain(resp), nil
}

func (c *connection) write(target *url.URL, fields []field, body []byte) error {
	uri := target.RequestURI()
	if !printable(uri) || !printable(target.Host) {
		return errFields
	}
	head := append(c.out.AvailableBuffer(), "POST "...)
	head = append(head, uri...)
	head = append(head, " HTTP/1.1\r\nHost: "...)
	head = append(head, target.Host...)
	for _, f := range fields {
		if !printable(f.value) {
			return errFields
		}
		head = append(append(append(append(head, "\r\n"...), f.name...), ": "...), f.value...)
	}
	head = append(head, "\r\nContent-Length: "...)
	head = strconv.AppendInt(head, int64(len(body)), 10)
	head = append(head, "\r\n\r\n"...)
	if _, err := c.out.Write(head); err != nil {
		return err
	}
	if _, err := c.out.Write(body); err != nil {
		return err
	}
	return c.out.Flush()
}

func printable(value string) bool {
	for i := range len(value) {
		if b := value[i]; b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

// posted is what answers answer.
var posted = &http.Request{Method: http.MethodPost}

// maxInformational is how many informational answers may come before the answer.
const maxInformational = 5

func (c *connection) read() (*http.Response, error) {
	for range 1 + maxInformational {
		resp, err := http.ReadResponse(c.in, posted)
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
	return nil, errBroken
}

// drain reads what is left of an answer so that the connection can be used
// again, and says whether it can. An answer that takes too much costs its
// connection. The status is known by then, so one that breaks off changes nothing.
func (c *connection) drain(resp *http.Response) bool {
	switch {
	case resp.Close || resp.ContentLength > maxDrain || resp.StatusCode == http.StatusSwitchingProtocols:
		return false
	case resp.ContentLength != 0:
		c.allowance = math.MaxInt64
		if resp.ContentLength < 0 || resp.ContentLength > int64(c.in.Buffered()) {
			_ = c.SetReadDeadline(time.Now().Add(drainTimeout))
		}
		if _, err := io.CopyN(io.Discard, resp.Body, maxDrain+1); !errors.Is(err, io.EOF) {
			return false
		}
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			return false
		}
	}
	return c.in.Buffered() == 0
}
