#!/usr/bin/env python3
"""Decodes the compact wire, version 1, as wire/SPEC.md tells it, and knows nothing else: it was written from that text before its author saw the code.

    python3 decode.py <stream.hex      one frame a line, in hex

It prints a JSON line for each span and each interval, and where a frame is refused {"error": code} as the last. The numbers in the
comments are the specification's sections. Slow, and for tests only.
"""
import json
import sys

WORD = (1 << 64) - 1
RATE = (32768, 21845, 16384, 13107, 10923, 9362, 8192, 6554, 5461, 4681, 4096, 3277, 2731, 2341, 2048, 2048)
EMPTY, STRING, BOOL, INT, DOUBLE, BYTES, LIST, MAP = range(8)  # 4
SPAN, EVENT, LINK, SCOPE, RESOURCE = range(5)  # 5
NAMES = 5  # the keys of an interval's names (7) stand where a sixth class's fields would
FIELDS = (
    (("name", STRING), ("kind", INT), ("flags", INT), ("tracestate", STRING), ("statusCode", INT), ("statusMessage", STRING),
     ("droppedAttributes", INT), ("droppedEvents", INT), ("droppedLinks", INT)),
    (("name", STRING), ("droppedAttributes", INT)),
    (("tracestate", STRING), ("flags", INT), ("droppedAttributes", INT)),
    (("name", STRING), ("version", STRING), ("schemaURL", STRING), ("droppedAttributes", INT)),
    (("schemaURL", STRING), ("droppedAttributes", INT)),
    (("environment", STRING), ("namespace", STRING), ("service", STRING), ("operation", STRING)),
)


class Refused(Exception):
    """Its text is the error code of section 8."""


def need(condition, code):
    if not condition:
        raise Refused(code)


def variable():
    return [2048, 0]


def variables(n):
    return [variable() for _ in range(n)]


class Again:  # 2.3
    def __init__(self, n):
        self.n, self.same, self.tree, self.last = n, variable(), variables(1 << n), 0


class Time:  # 2.3
    def __init__(self):
        self.usual, self.longer, self.unit, self.average = variable(), variable(), 0, 0


class Symbols:
    """The two sections of a frame (2)."""

    def __init__(self, coded, raw):
        self.coded, self.at, self.bits, self.bit = coded, 8, raw, 0
        self.width, self.code = WORD, int.from_bytes(coded[:8].ljust(8, b"\0"), "big")
        self.size = 0  # decoded size (8)

    def count(self, size):
        self.size += size
        need(self.size <= 16 << 20, "limit")

    def flag(self, p):
        first = (self.width >> 12) * p[0]
        bit = self.code < first
        if bit:
            self.width = first
            p[0] += (4095 - p[0]) * RATE[p[1]] >> 16
        else:
            self.width -= first
            self.code -= first
            p[0] -= p[0] * RATE[p[1]] >> 16
        p[1] = min(p[1] + 1, 15)
        if self.width < 1 << 32:
            self.width = self.width << 32 & WORD
            self.code = (self.code << 32 | int.from_bytes(self.coded[self.at:self.at + 4].ljust(4, b"\0"), "big")) & WORD
            self.at += 4
            need(self.at <= len(self.coded) + 8, "truncated")
        return bit

    def raw(self, n):
        end = self.bit + n
        need(end <= 8 * len(self.bits), "truncated")
        whole = int.from_bytes(self.bits[self.bit >> 3:(end + 7) >> 3], "little") >> (self.bit & 7)
        self.bit = end
        return whole & (1 << n) - 1

    # 2.3

    def tree(self, n, v):
        node = 1
        for _ in range(n):
            node = 2 * node + self.flag(v[node])
        return node - (1 << n)

    def unary(self, n, v):
        for i in range(n):
            if self.flag(v[i]):
                return i
        return n

    def long(self, length):
        if length >= 62:
            return self.raw(64)
        return length if length < 2 else 1 << length - 1 | self.raw(length - 1)

    def number(self, v):
        return self.long(self.tree(6, v))

    def signed(self, v):
        """Modulo 2^64."""
        length = self.tree(6, v)
        return -self.number(v) & WORD if length == 63 else self.long(length)

    def again(self, a):
        if not self.flag(a.same):
            a.last = self.tree(a.n, a.tree)
        return a.last

    def time(self, t, signed, near):
        n = (t.average + 4) // 8
        if self.flag(t.usual):
            d = self.raw(n)
        elif self.flag(t.longer):
            d = self.raw(n + 3)
        else:
            t.unit = self.raw(2)
            d = self.signed(signed)
        u = (1, 1000, 1000000, 1)[t.unit]
        t.average += (8 * min(d.bit_length(), 30) - t.average) // 4
        return (near // u + d) * u & WORD


class Texts:  # 3
    def __init__(self):
        self.ring, self.next = [b""] * 16, 0
        self.reference, self.prefix, self.suffix, self.form = variables(16), variables(64), variables(64), variables(4)
        self.length, self.classes = variables(64), [variables(256) for _ in range(4)]
        self.uuids, self.next_uuid, self.place = [(0, 0)] * 64, 0, variables(64)
        self.version, self.variant = Again(4), Again(2)

    def text(self, s):
        reference = self.ring[s.tree(4, self.reference)]
        prefix, suffix = s.number(self.prefix), s.number(self.suffix)
        need(prefix + suffix <= len(reference), "reference")
        s.count(prefix + suffix)
        text = reference[:prefix] + self.middle(s) + reference[len(reference) - suffix:]
        if 0 < len(text) <= 4096:
            self.ring[self.next] = text
            self.next = (self.next + 1) % 16
        return text

    def middle(self, s):
        form = s.tree(2, self.form)
        need(form != 3, "malformed")
        if form == 0:
            return self.plain(s)
        return self.new_uuid(s) if form == 1 else self.written(s, *self.uuids[s.tree(6, self.place)])

    def plain(self, s):
        length, before, text = s.number(self.length), 0, bytearray()
        s.count(length)
        for _ in range(length):
            byte = s.tree(8, self.classes[before])
            before = 1 if 97 <= byte <= 122 else 2 if 48 <= byte <= 57 else 3 if 65 <= byte <= 90 else 0
            text.append(byte)
        return bytes(text)

    def new_uuid(self, s):
        version, variant = s.again(self.version), s.again(self.variant)
        high, low = s.raw(60), s.raw(62)
        high = high >> 12 << 16 | version << 12 | high & 0xfff
        low |= variant << 62
        self.uuids[self.next_uuid] = (high, low)
        self.next_uuid = (self.next_uuid + 1) % 64
        return self.written(s, high, low)

    def written(self, s, high, low):
        s.count(36)
        h = f"{high:016x}{low:016x}"
        return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:])).encode()


def uvarint_length(n):
    return max(1, (n.bit_length() + 6) // 7)


class Value:  # 4
    """length is its text's, serial 0 if it was not kept."""

    def __init__(self, type, content, length=0):
        self.type, self.content, self.length, self.serial = type, content, length, 0

    def size(self):  # 8
        return self.length * (2 if self.type == BYTES else 32 if self.type in (LIST, MAP) else 1)

    def inner_length(self):
        return 1 + (8 if self.type in (BOOL, INT, DOUBLE) else uvarint_length(self.length) + self.length)


NOTHING = Value(EMPTY, None)


class Key:  # 4
    def __init__(self, name, type=None):
        self.name, self.type, self.used = name, type, False
        self.ring, self.next = [], 0
        self.known, self.place, self.keep, self.types = variable(), variables(256), variable(), Again(3)
        self.forms, self.elements = Again(2), variables(64)
        self.relative, self.integers, self.last_integer = variable(), variables(64), 0
        self.last, self.group = None, 0  # 6.3

    def holds(self, value):
        """Whether the value has not left the ring, or never was in it."""
        return not value.serial or any(v is value for v in self.ring)


class Slot:  # 5, 6.3
    def __init__(self, number, key):
        self.number, self.key = number, key
        self.open, self.same, self.miss, self.last = variable(), variable(), variables(3), None


class Shape:  # 5
    def __init__(self, klass, outer, slots):
        self.klass, self.outer, self.slots = klass, outer, slots
        self.newest = None
        self.parent, self.back, self.start, self.end = variables(4), variables(64), Time(), Time()  # 6.2


class Template:  # 5
    """values has None for open slots."""

    def __init__(self, number, shape, values):
        self.number, self.shape, self.values = number, shape, values
        self.more, self.parts, self.place = variable(), Candidates(), None  # place: of a resource, in the numbers of its span IDs (6.2)


class Candidates:  # 5
    def __init__(self):
        self.hit, self.newest_first = variables(6), []


class Numbers(list):  # 6.1
    """The 64 numbers of all span IDs; turn is the next place in turn."""

    def __init__(self):
        super().__init__([0] * 64)
        self.turn = 0


class SpanIDs:  # 6.1
    def __init__(self, numbers):
        self.near, self.place, self.difference, self.numbers = variable(), variables(64), variables(64), numbers

    def read(self, s, place=None):
        """The ID and the place of its number."""
        if s.flag(self.near):
            place = s.tree(6, self.place) if place is None else place
            n = self.numbers[place] + s.signed(self.difference) & WORD
        else:
            n = s.raw(64)
            if place is None:
                place, self.numbers.turn = self.numbers.turn, (self.numbers.turn + 1) % 64
        self.numbers[place] = n
        return mix64(n), place


class TraceIDs:  # 6.1
    def __init__(self):
        self.short, self.difference = variable(), variables(64)

    def read(self, s, time):
        if not s.flag(self.short):
            return s.raw(64) << 64 | s.raw(64)
        ms = time // 1000000 - s.signed(self.difference) & WORD
        return born_short(ms, s.raw(32))


def mix64(x):  # docs/spec/identifiers.md
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd & WORD
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53 & WORD
    return x ^ x >> 33


def born_short(ms, r):
    h = mix64(mix64(ms + 0x9e3779b97f4a7c15 & WORD) ^ r)
    return (ms & (1 << 48) - 1) << 80 | h >> 48 << 64 | r << 32 | h & 0xffffffff


class Trace:  # 6.1
    def __init__(self):
        self.id, self.spans, self.last_start = 0, [], 0

    def add(self, span):
        if len(self.spans) == 256:
            del self.spans[:128]
        self.spans.append(span)


class Known:
    """A span as its trace remembers it; an awaited one has no template."""

    def __init__(self, id, start, template=None):
        self.id, self.start, self.template, self.child = id, start, template, 0


class Edge:  # 7
    def __init__(self, caller, callee, connection):
        self.caller, self.callee, self.connection = caller, callee, connection
        self.follows, self.first_bin = None, 0


class Sketch:  # 7
    def __init__(self):
        self.empty, self.zero, self.nanos, self.bins = variable(), variables(64), variables(64), variables(64)
        self.first, self.index, self.count = variables(64), variables(64), variables(64)


class Model:
    """What an epoch knows."""

    def __init__(self):
        self.held, self.serial, self.texts, self.nested = 0, 0, Texts(), variable()
        # 5
        self.fields = [[Key(name.encode(), type) for name, type in fields] for fields in FIELDS]
        self.keys, self.shapes, self.templates, self.wholes, self.slots = [], [], [], {SCOPE: [], RESOURCE: []}, 0
        self.new_shape, self.shape, self.attributes = variables(5), variables(64), variables(64)
        self.new_key, self.key = variable(), variables(64)
        self.new, self.whole_back = variables(5), {SCOPE: variables(64), RESOURCE: variables(64)}
        self.new_template, self.link, self.candidate = variables(2), variable(), variables(64)
        # 6
        self.more_groups, self.new_trace, self.age = variable(), variable(), variables(64)
        self.traces, self.last_new = [], 0
        self.first_parent, self.first_back = [variables(4), variables(4)], [variables(64), variables(64)]
        self.starts, self.ends, self.events = variables(64), variables(64), variables(64)
        self.lists, self.shared = {}, Candidates()
        self.numbers = Numbers()
        self.own, self.others, self.trace_ids, self.link_ids = SpanIDs(self.numbers), SpanIDs(self.numbers), TraceIDs(), TraceIDs()
        self.awaited, self.awaited_place = variable(), variables(64)
        self.link_known, self.link_age = variable(), variables(64)
        self.given, self.places, self.taken, self.group, self.anchor = {}, 0, 0, 0, 0
        # 7
        self.interval, self.interval_number, self.cells = 0, variables(64), variables(64)
        self.edges, self.operations = [], []
        self.next, self.new_edge, self.edge_back, self.connection = variable(), variable(), variables(64), variables(8)
        self.new_operation, self.operation_back, self.node = variable(), variables(64), variables(8)
        self.outcome, self.bucket, self.last_bucket, self.width = variables(8), variables(64), 0, variables(64)
        self.sketches, self.counts, self.folded = [Sketch() for _ in range(3)], [variables(64) for _ in range(3)], variable()

    def hold(self, size):  # 8
        self.held += size
        need(self.held <= 12 << 20, "limit")

    # 4

    def value(self, s, key, depth=0):
        if not key.used:
            key.used = True
            self.hold(640)
        if key.ring and s.flag(key.known):
            place = s.tree((len(key.ring) - 1).bit_length(), key.place)
            need(place < len(key.ring), "reference")
            return key.ring[place]
        value = self.literal(s, key, depth)
        if s.flag(key.keep):
            self.kept(key, value)
        return value

    def kept(self, key, value):
        need(value.length <= 512, "limit")
        self.serial += 1
        value.serial = self.serial
        if len(key.ring) < 256:
            self.hold(64 + value.length)
            key.ring.append(value)
        else:
            self.hold(value.length - key.ring[key.next].length)
            key.ring[key.next] = value
            key.next = (key.next + 1) % 256

    def literal(self, s, key, depth):
        type = s.again(key.types)
        if type == BOOL:
            return Value(type, bool(s.raw(1)))
        if type == INT:
            return Value(type, self.integer(s, key))
        if type == DOUBLE:
            return Value(type, s.raw(64))
        if type == BYTES:
            return text_value(type, self.texts.text(s))
        if type == STRING:
            return text_value(type, self.string(s, key))
        return self.composed(s, key, type, depth + 1) if type in (LIST, MAP) else Value(EMPTY, None)

    def integer(self, s, key):
        relative = s.flag(key.relative)
        n = s.signed(key.integers)
        key.last_integer = n + (key.last_integer if relative else 0) & WORD
        return key.last_integer

    def string(self, s, key):
        form = s.again(key.forms)
        need(form != 3, "malformed")
        if form == 0:
            return self.texts.text(s)
        if form == 1:
            return self.texts.new_uuid(s)
        n = self.integer(s, key)
        need(n < 10**18, "malformed")
        s.count(len(str(n)))
        return str(n).encode()

    def composed(self, s, key, type, depth):
        need(depth <= 24, "limit")
        n, content, length = s.number(key.elements), [], 0
        s.count(16 * n)
        for _ in range(n):
            name = self.texts.text(s) if type == MAP else None
            nested = s.flag(self.nested)
            element = self.literal(s, key, depth) if nested else self.value(s, key, 24)
            need(nested or element.type not in (LIST, MAP), "limit")
            length += element.inner_length() + (uvarint_length(len(name)) + len(name) if type == MAP else 0)
            s.count(element.length + (len(name) if type == MAP else 0))
            content.append((name, element))
        return Value(type, content, length)

    # 5

    def back(self, s, v, told):
        n = s.number(v)
        need(n < len(told), "reference")
        return told[-1 - n]

    def define(self, s, klass):
        shape = self.made_shape(s, klass) if s.flag(self.new_shape[klass]) else self.back(s, self.shape, self.shapes)
        need(shape.klass == klass, "reference")
        newest, values = shape.newest, []
        for i, slot in enumerate(shape.slots):
            if s.flag(slot.open):
                values.append(None)
            elif newest and s.flag(slot.same):
                values.append(newest.values[i] or NOTHING)
            else:
                values.append(self.value(s, slot.key))
        self.hold(768 + sum(96 + (v.size() if v else 0) for v in values))
        shape.newest = Template(len(self.templates), shape, values)
        self.templates.append(shape.newest)
        need(klass not in (SCOPE, RESOURCE) or None not in values, "malformed")
        return shape.newest

    def made_shape(self, s, klass):
        outer = self.whole(s, SCOPE if klass == SPAN else RESOURCE) if klass in (SPAN, SCOPE) else None
        keys, n = list(self.fields[klass]), s.number(self.attributes)
        need(n + len(keys) <= 4096, "limit")
        for _ in range(n):
            keys.append(self.made_key(s) if s.flag(self.new_key) else self.back(s, self.key, self.keys))
        self.hold(256 + sum(64 + (len(k.name) if k.type is None else 0) for k in keys))
        self.shapes.append(Shape(klass, outer, [Slot(self.slots + i + 1, key) for i, key in enumerate(keys)]))
        self.slots += len(keys)
        return self.shapes[-1]

    def made_key(self, s):
        self.keys.append(Key(self.texts.text(s)))
        self.hold(128 + len(self.keys[-1].name))
        return self.keys[-1]

    def whole(self, s, klass):
        if not s.flag(self.new[klass]):
            return self.back(s, self.whole_back[klass], self.wholes[klass])
        self.wholes[klass].append(self.define(s, klass))
        return self.wholes[klass][-1]

    def choose(self, s, candidates, part):
        """The template that follows, or None for the end."""
        told = candidates.newest_first
        for place in range(len(told)):
            if s.flag(candidates.hit[place]):
                candidate = told.pop(place)
                break
        else:
            candidate = self.unlisted(s, part)
        told.insert(0, candidate)
        del told[6:]
        return self.templates[candidate - 1] if candidate else None

    def unlisted(self, s, part):
        if s.flag(self.new_template[part]):
            return self.define(s, SPAN if not part else LINK if s.flag(self.link) else EVENT).number + 1
        candidate = s.number(self.candidate)
        need(candidate <= len(self.templates) and (candidate or part), "reference")
        klass = self.templates[candidate - 1].shape.klass if candidate else None
        need(klass in ((EVENT, LINK, None) if part else (SPAN,)), "malformed")
        return candidate

    def counted(self, s, shape, values):  # 8
        s.count(128 + sum(48 + (len(slot.key.name) if slot.key.type is None else 0) + v.size() for slot, v in zip(shape.slots, values)))

    # 6

    def spans(self, s, most):
        found = []
        while s.flag(self.more_groups):
            trace, new, before = self.begin(s)
            while True:
                need(len(found) < most, "malformed")
                before = self.span(s, trace, new, before)
                found.append(before.told)
                new = False
                if not s.flag(before.template.more):
                    break
        need(len(found) == most, "malformed")
        return found

    def begin(self, s):  # 6.1
        spans = sum(len(t.spans) for t in self.traces)
        while len(self.traces) > 2048 or spans > 32768:
            spans -= len(self.traces.pop(0).spans)
        self.anchor, self.group = 0, self.group + 1
        if s.flag(self.new_trace):
            return Trace(), True, None
        return self.back(s, self.age, self.traces), False, None

    def span(self, s, trace, new, before):  # 6.2
        near = before.start if before else self.last_new if new else trace.last_start
        parent = self.parent(s, trace, new, before, near)
        template = self.choose(s, self.list_of(parent, before), 0)
        if parent:
            parent.child = template.number + 1
            self.list_of(parent, before)
        shape = template.shape
        start = s.time(shape.start, self.starts, parent.start if parent else near)
        end = s.time(shape.end, self.ends, start)
        if new:
            trace.id = self.trace_ids.read(s, start)
            self.traces.append(trace)
            self.last_new = start
        trace.last_start = start
        known = self.span_id(s, trace, start, template)
        record = self.record(s, template)
        known.parent = parent
        known.told = {"traceId": f"{trace.id:032x}", "spanId": f"{known.id:016x}", "parentSpanId": f"{parent.id if parent else 0:016x}",
                      "start": start, "end": end, **record, **self.parts(s, template, start),
                      "scope": told_whole(shape.outer), "resource": told_whole(shape.outer.shape.outer)}
        return known

    def parent(self, s, trace, new, before, near):
        variables, back = (before.template.shape.parent, before.template.shape.back) if before else (self.first_parent[new], self.first_back[new])
        which = s.unary(4, variables)
        if which < 2:
            parent = before if which == 0 or not before else before.parent
            need(any(span is parent for span in trace.spans), "reference")
            return parent
        if which == 3:
            return self.back(s, back, trace.spans)
        if which == 4:
            trace.add(Known(self.others.read(s)[0], near))
            return trace.spans[-1]
        return None

    def list_of(self, parent, before):
        if parent:
            pair = (parent.template.number + 2 if parent.template else 1, parent.child)
        else:
            pair = (0, before.template.number + 1 if before else 0)
        if pair not in self.lists:
            if len(self.lists) == 8192:
                return self.shared
            self.lists[pair] = Candidates()
        return self.lists[pair]

    def span_id(self, s, trace, start, template):
        if any(span.template is None for span in trace.spans) and s.flag(self.awaited):
            place = s.number(self.awaited_place)
            need(place < len(trace.spans) and trace.spans[place].template is None, "reference")
            known = trace.spans[place]
            known.start, known.template, known.child = start, template, 0
            return known
        resource = template.shape.outer.shape.outer
        id, resource.place = self.own.read(s, resource.place)
        known = Known(id, start, template)
        trace.add(known)
        return known

    def parts(self, s, template, start):
        found, before, part = {"events": [], "links": []}, start, self.choose(s, template.parts, 1)
        while part:
            need(len(found["events"]) + len(found["links"]) < 16384, "limit")
            if part.shape.klass == EVENT:
                before = s.time(part.shape.start, self.events, before)
                found["events"].append({"time": before, **self.record(s, part)})
            else:
                if s.flag(self.link_known):
                    trace_id = self.back(s, self.link_age, self.traces).id
                else:
                    trace_id = self.link_ids.read(s, start)
                span_id, _ = self.others.read(s)
                found["links"].append({"traceId": f"{trace_id:032x}", "spanId": f"{span_id:016x}", **self.record(s, part)})
            part = self.choose(s, part.parts, 1)
        return found

    def record(self, s, template):
        slots = template.shape.slots
        values = [v or self.open_value(s, slot) for slot, v in zip(slots, template.values)]
        self.counted(s, template.shape, values)
        return told_record(template.shape, values)

    def open_value(self, s, slot):  # 6.3
        if self.places < 4096 and self.taken >= 2 * self.places:
            self.places, self.taken, self.given = max(2 * self.places, 64), 0, {}
        key, pair = slot.key, (slot.number << 32) + self.anchor & WORD
        place = (pair * 0x9e3779b97f4a7c15 & WORD) >> 32 & self.places - 1
        held, given = self.given.get(place, (None, None))
        last = key.last if key.group == self.group else None
        asked, value = [], None
        for miss, candidate in zip(slot.miss, (given if held == pair else None, last, slot.last)):
            if candidate and key.holds(candidate) and not any(same(candidate, a) for a in asked):
                asked.append(candidate)
                if s.flag(miss):
                    value = candidate
                    break
        value = value or self.value(s, key)
        if value.length > 512:
            return value
        key.last, key.group = value, self.group
        if value.serial:
            slot.last = value
            if self.anchor:
                self.taken += held != pair
                self.given[place] = (pair, value)
            self.anchor = value.serial
        return value

    # 7

    def interval_of(self, s):
        names = self.fields[NAMES]
        instance = self.name(s, names[3])
        self.interval = self.interval + s.signed(self.interval_number) & WORD
        cells, n, edge = [], s.number(self.cells), None
        need(n <= 8192, "limit")
        for _ in range(n):
            s.count(512)
            edge = self.edge(s, edge)
            cells.append(self.cell(s, edge))
        return {"instance": instance, "interval": self.interval, "cells": cells}

    def name(self, s, key):
        value = self.value(s, key)
        return readable(value.content if value.type in (STRING, BYTES) else b"")

    def edge(self, s, before):
        if before and before.follows and s.flag(self.next):
            return before.follows
        if s.flag(self.new_edge):
            edge = Edge(self.operation(s), self.operation(s), s.tree(3, self.connection))
            self.hold(256)
            self.edges.append(edge)
        else:
            edge = self.back(s, self.edge_back, self.edges)
        if before:
            before.follows = edge
        return edge

    def operation(self, s):
        if not s.flag(self.new_operation):
            return self.back(s, self.operation_back, self.operations)
        operation = [self.name(s, key) for key in self.fields[NAMES]] + [s.tree(3, self.node)]
        self.hold(192 + sum(len(name.encode()) for name in operation[:4]))
        self.operations.append(operation)
        return operation

    def cell(self, s, edge):
        outcome = s.tree(3, self.outcome)
        self.last_bucket = self.last_bucket + s.signed(self.bucket) & WORD
        width = s.number(self.width) & 0xffffffff
        client, server, queue = (self.sketch(s, edge, i) for i in range(3))
        only, provisional, unknown = (s.number(v) for v in self.counts)
        return {"caller": edge.caller, "callee": edge.callee, "connection": edge.connection, "outcome": outcome, "start": signed(self.last_bucket),
                "width": width, "client": client, "server": server, "queue": queue, "serverOnly": only, "provisional": provisional,
                "weightUnknown": unknown, "folded": s.flag(self.folded)}

    def sketch(self, s, edge, which):
        v = self.sketches[which]
        if s.flag(v.empty):
            return None
        zero, nanos, n, bins = s.number(v.zero), s.number(v.nanos), s.number(v.bins), []
        need(n <= 2048, "limit")
        s.count(16 * n)
        index = edge.first_bin
        for i in range(n):
            index = index + s.signed(v.index if i else v.first) & 0xffffffff
            if i == 0:
                edge.first_bin = index
            bins.append([signed(index, 32), s.number(v.count)])
        return {"zero": zero, "nanos": nanos, "bins": bins}


def text_value(type, text):
    return Value(type, text, len(text))


def same(a, b):  # 6.3
    return a is b or a.serial and a.serial == b.serial


class Decoder:  # 1
    def __init__(self):
        self.number, self.model = None, None

    def frame(self, frame):
        """What the frame holds."""
        need(len(frame) <= 4 << 20, "limit")
        need(len(frame) >= 6, "truncated")
        need(frame[0] == 1, "version")
        need(frame[1] in (1, 2), "version")
        need(crc32c(frame[:-4]) == int.from_bytes(frame[-4:], "little"), "checksum")
        content = frame[2:-4]
        number, content = uvarint(content)
        need(content, "truncated")
        flags, content = content[0], content[1:]
        need(flags < 2, "malformed")
        spans, content = uvarint(content)
        size, content = uvarint(content)
        need(size <= len(content), "truncated")
        need(spans <= 65536, "limit")
        self.begin(number, flags)
        s = Symbols(content[:size], content[size:])
        if frame[1] == 2:
            return [self.model.interval_of(s)]
        found = self.model.spans(s, spans)
        if flags and not spans:  # 9
            self.model = None
        return found

    def begin(self, number, reset):
        if reset:
            need(number > (self.number or 0), "sequence")
            self.model = Model()
        else:
            need(self.model and number == self.number + 1, "sequence")
        self.number = number


def uvarint(b):
    n = 0
    for i, byte in enumerate(b):
        n |= (byte & 127) << 7 * i
        if byte < 128:
            need(n <= WORD and i < 10, "truncated")
            return n, b[i + 1:]
    raise Refused("truncated")


def crc32c(b):
    crc = 0xffffffff
    for byte in b:
        crc = CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def crc_of(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
    return byte


CRC = [crc_of(byte) for byte in range(256)]


def signed(n, bits=64):
    n &= (1 << bits) - 1
    return n - (1 << bits) if n >> bits - 1 else n


def readable(text):
    return text.decode("utf-8", "backslashreplace")


def told_value(v):
    if v.type == EMPTY:
        return None
    if v.type == STRING:
        return {"string": readable(v.content)}
    if v.type == BOOL:
        return {"bool": v.content}
    if v.type == INT:
        return {"int": signed(v.content)}
    if v.type == DOUBLE:
        return {"double": f"{v.content:016x}"}
    if v.type == BYTES:
        return {"bytes": v.content.hex()}
    if v.type == LIST:
        return {"list": [told_value(e) for _, e in v.content]}
    return {"map": [[readable(k), told_value(e)] for k, e in v.content]}


def told_record(shape, values):
    fields = {}
    for slot, v in zip(shape.slots, values):
        if slot.key.type == STRING:
            fields[slot.key.name.decode()] = readable(v.content if v.type in (STRING, BYTES) else b"")
        elif slot.key.type == INT:
            n, name = (v.content if v.type in (BOOL, INT, DOUBLE) else 0), slot.key.name.decode()
            fields[name] = signed(n, 32) if name in ("kind", "statusCode") else n & 0xffffffff
    attributes = [[readable(slot.key.name), told_value(v)] for slot, v in zip(shape.slots, values) if slot.key.type is None]
    return {**fields, "attributes": attributes}


def told_whole(template):
    return told_record(template.shape, template.values)


def main():
    decoder = Decoder()
    for line in sys.stdin:
        if not line.strip():
            decoder = Decoder()
            print()
        elif decoder:
            try:
                found = decoder.frame(bytes.fromhex(line))
            except Refused as e:
                found, decoder = [{"error": str(e)}], None
            for told in found:
                print(json.dumps(told))


main()
