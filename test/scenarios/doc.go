// Package scenarios runs the whole gateway against scripts: engine, delivery
// and a real store, with time that the script moves. A scenario is a text file
// whose name is the law that it states, written for people who answer
// customers' questions as much as for those who change the code.
//
// What stands outside is scripted at its contract: the providers as a set of
// channel.Definition whose adapters answer what the script says, the webhooks
// as HTTP servers on connections in memory. Every callback's signature,
// canonical form, webhook-id and envelope are checked by the way.
//
// # A scenario
//
//	# What the law means, in a sentence or two.
//	app fallback=60s channels=WHATSAPP,SMS
//	webhook h triggers=MESSAGE_DELIVERY
//	+0s   send m1 to WHATSAPP:46700000001,SMS:46700000001 "your code is 1234"
//	+0s   WHATSAPP accepts m1
//	+61s  SMS accepts m1
//	+62s  SMS reports m1 DELIVERED
//	-- want --
//	+0s   h m1 WHATSAPP QUEUED_ON_CHANNEL
//	+60s  h m1 WHATSAPP SWITCHING_CHANNEL DELIVERY_REPORT_TIME_OUT
//	+61s  h m1 SMS QUEUED_ON_CHANNEL
//	+62s  h m1 SMS DELIVERED
//
// Lines without a time set the stage. Times count from the end of that; what
// the gateway does at an instant comes before the script's lines of the same
// instant. An hour of silence follows the last line; "end" makes it longer.
//
//	app [mode=DISPATCH] [channels=…] [fallback=60s] [retry=30s] [keep=7]
//	    [retain=180] [policy=CONVERSATION_EXPIRE_POLICY] [metadata=FULL] [smart=true] [secret=…]
//	                                            keep, retain: days, in DISPATCH and in
//	                                            CONVERSATION mode;
//	                                            secret: signs message-level URLs
//	channel SMS [policy=RESEND] [concurrency=1] [assume=false]    before app
//	gateway [posts=1] [outbound=2] [webhooks=2] [inbound=1]
//	                                            posts at once to one webhook; rates
//	webhook h triggers=A,B [secret=…] [show=contact,conversation,…]
//	endpoint d [secret=…]                       http://d.example/, for url=
//	contact alice SMS:46700000001,…             made through the API
//	template greet "Hi ${name}" [language=en] [version=1] [variables=name]
//	                                            a translation more, or another in its place
//
//	send m1 to CHANNEL:identity,… | alice "text" [choices=Yes,No] [order=SMS,RCS]
//	    [message='{"card_message":{…}}']        in the place of the text
//	    [answering]       the last message from a person is quoted
//	    [ttl=30s] [url=http://d.example/] [queue=high] [strategy=DISPATCH_ONLY]
//	    [key=k] [metadata=…] [conversation='{…}'] [correlation=…] [content=CONTENT_MARKETING]
//	    [every=1h]        with m1..m9
//	    [fails=NOT_FOUND] the request is refused
//	    [replays=m1]      the answer is that of m1
//	send m1 to WHO template=greet [version=latest] [language=en] [parameters='{"name":"Kari"}']
//	    [channel_template=SMS:t] [override=SMS:greet]
//	event e1 to CHANNEL:identity,… | alice composing|composing-end|read|comment|agent-joined|agent-left|generic
//	    [order=…] [url=…] [queue=high] [metadata=…] [fails=NOT_FOUND]
//	batch b1 to WHO|WHO "hello ${name}" [names=Anna,Bo] [after=10m] [label=a:b]
//	    [metadata='{…}'] [conversation='{…}'] [url=…] [fails=…]    WHO may be nobody
//	cancel b1 | cancel label=a:b
//	inject "text" from|to alice ago=1h [metadata=…]  into alice's newest conversation
//	ask q1 about CHANNEL:identity,… | alice         a capability query; TELEGRAM is asked, as in
//	    TELEGRAM accepts probe | refuses probe CODE
//	delete event e1 | app | contact alice | webhook h | template greet | conversations
//	merge alice into bob [fails=NOT_FOUND]
//	unify contacts [fails=FAILED_PRECONDITION]
//	register opt-out | opt-in alice | CHANNEL:identity,… channels=SMS [request=r1]
//	insert OPT_OUT_ALL identity alice …         opt-outs, as the batch API does
//	consent on | off [language=de out=Schluss in=Los] [ignore=CANCEL]
//	stop | crash | start                        orderly; power cut; begin again
//	end
//
// A provider answers the attempt that waits for it; an attempt that is never
// answered fails the scenario, so none can be made unnoticed. "always" answers
// those to come.
//
//	SMS accepts m1 [parts=3] | SMS always accepts
//	SMS refuses m1 CODE [account] | SMS defers m1 CODE [after=30s] [parts=3 taken=1]
//	SMS aborts m1 CODE | SMS loses m1 | SMS hangs m1      no answer; no end
//	SMS reports m1 DELIVERED|READ|FAILED CODE|QUEUED_ON_CHANNEL [part=2] [try=1] [by=id [of=3]]
//	SMS brings "text" from IDENTITY [key=k] [ref=r] [reply=m1] | choice "data" … | reaction 👍 …
//	    | opt-in … | opt-out … | unsupported "{}" … | composing … | channel-event TYPE
//
// A webhook takes everything with 200 until the script says otherwise.
//
//	h answers 503 | h answers 429 retry_after=2m | h answers 200 slowly=3s | h hangs | h is down
//
// Looking inside is for what no callback shows.
//
//	expect batch b1 PROCESSED +10m 1 1 2:NOT_FOUND    status, time, accepted, refused
//	expect duplicates 1 | dropped h 3 expired | breaker h OPEN | credential SMS FAILING
//	expect contacts 0 | conversations 0 | queued 0
//	expect messages 0 [DISPATCH_SOURCE] [only=originated] [direction=TO_APP] [identity=…]
//	expect events 0 [alice]                     of the newest conversation, or of alice
//	expect listed OPT_OUT_ALL identity,… | nobody
//	expect audits identity INSERT:MO:OPT_OUT_ALL,… | none
//	expect rows message 0 | consent | consent_audit | callback | ref | seen | idempotency | dropped | erasure
//
// # What is compared
//
// "-- want --" has the callbacks that webhooks have taken: time, webhook, what
// it is about, what is said. "-- tries --", if it is there, has those that they
// have not taken, with their answer; "-- provider --", if it is there, every
// attempt on a channel. A time may be a span where chance spreads retries:
// +5s..+7s. Order is compared for each webhook and subject, as the gateway
// promises it; a line "h in order" compares it over all subjects. m1..m9 and
// every=1h stand for as many lines.
//
// Beside the scripts, TestChaos gives the gateway random trouble and holds the
// laws that no order of events may break; -seeds says how often.
package scenarios
