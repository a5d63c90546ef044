use super::*;

pub(super) const LIMIT: usize = 200;

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked(first, payload, [0x37, 0xfa, 0x21, 0x3d])
}

pub(super) fn masked(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    let mask = mask.iter().cycle();
    bytes.extend(payload.iter().zip(mask).map(|(byte, key)| byte ^ key));
    bytes
}

/// What a peer has done that sent these bytes, as far as it can be read.
fn read(bytes: &[u8]) -> Vec<Incoming> {
    let mut assembly = Assembly::new(LIMIT);
    let mut input = bytes;
    let mut done = Vec::new();
    while let Some(incoming) = assembly.take(&mut input) {
        let is_end = matches!(incoming, Incoming::Closing(_) | Incoming::Refused(_));
        done.push(incoming);
        if is_end {
            break;
        }
    }
    done
}

fn refusal(bytes: &[u8]) -> Option<CloseCode> {
    match read(bytes).pop() {
        Some(Incoming::Refused(code)) => Some(code),
        _ => None,
    }
}

/// The answer to a close with this payload, if it is allowed.
fn answer(payload: &[u8]) -> Option<Vec<u8>> {
    match read(&frame(0x88, payload)).pop() {
        Some(Incoming::Closing(answer)) => Some(answer.bytes().to_vec()),
        _ => None,
    }
}

#[test]
fn the_examples_of_the_rfc() {
    // Section 5.7: "Hello", masked.
    let hello = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert!(matches!(&read(&hello)[..], [Incoming::Text(text)] if text == "Hello"));
    let bytes = [
        0x89, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    let answer = [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert!(matches!(&read(&bytes)[..], [Incoming::Ping(pong)] if pong.bytes() == answer));
}

#[test]
fn control_frames_come_between_the_frames_of_a_message() {
    let mut bytes = frame(0x01, b"Hel");
    bytes.extend(frame(0x8a, b"x"));
    bytes.extend(frame(0x00, b""));
    bytes.extend(frame(0x89, b"y"));
    bytes.extend(frame(0x80, b"lo"));
    let done = read(&bytes);
    let [Incoming::Pong, Incoming::Ping(answer), Incoming::Text(text)] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!(
        (answer.bytes(), text.as_str()),
        (&b"\x8a\x01y"[..], "Hello")
    );
}

#[test]
fn what_no_client_may_send_is_a_protocol_error() {
    let mut text_in_text = frame(0x01, b"a");
    text_in_text.extend(frame(0x81, b"b"));
    let mut binary_in_text = frame(0x01, b"a");
    binary_in_text.extend(frame(0x82, b"b"));
    let long = [b'x'; 126];
    for bytes in [
        frame(0xc1, b"{}"),
        frame(0xa1, b"{}"),
        frame(0x91, b"{}"),
        frame(0x83, b"{}"),
        frame(0x8b, b"{}"),
        frame(0x8f, b"{}"),
        // A continuation of nothing, and messages within messages.
        frame(0x80, b"{}"),
        frame(0x00, b"{}"),
        text_in_text,
        binary_in_text,
        // Control frames that are not whole, or too long.
        frame(0x09, b""),
        frame(0x08, b""),
        frame(0x0a, b""),
        frame(0x89, &long),
        frame(0x88, &long),
        // Without a mask.
        b"\x81\x02{}".to_vec(),
        // Lengths that are longer than they have to be, or impossible.
        b"\x81\xfe\x00\x7d".iter().chain(&[0; 4]).copied().collect(),
        b"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff\0\0\0\0".to_vec(),
        b"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\0\0\0\0".to_vec(),
    ] {
        assert_eq!(
            refusal(&bytes),
            Some(CloseCode::ProtocolError),
            "{bytes:x?}"
        );
    }
}

#[test]
fn the_first_two_bytes_are_enough_to_refuse() {
    for bytes in [
        b"\xc1\x80",
        b"\x81\x00",
        b"\x89\xfe",
        b"\x09\x80",
        b"\x87\x80",
    ] {
        assert_eq!(refusal(bytes), Some(CloseCode::ProtocolError), "{bytes:x?}");
    }
}

#[test]
fn a_message_has_so_many_bytes_in_all_its_frames() {
    assert!(
        matches!(&read(&frame(0x81, &[b'x'; LIMIT]))[..], [Incoming::Text(text)] if text.len() == LIMIT)
    );
    // Refused by its head: there is no payload.
    let head = &frame(0x81, &[b'x'; LIMIT + 1])[..8];
    assert_eq!(refusal(head), Some(CloseCode::TooLarge));
    let huge = b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0";
    assert_eq!(refusal(huge), Some(CloseCode::TooLarge));
    let mut fragments = frame(0x01, &[b'x'; LIMIT]);
    fragments.extend(&frame(0x89, b"this does not count"));
    fragments.extend(&frame(0x00, b""));
    fragments.extend(&frame(0x80, b"x")[..6]);
    assert_eq!(refusal(&fragments), Some(CloseCode::TooLarge));
}

#[test]
fn a_message_has_so_many_frames() {
    let most = MAX_FRAGMENTS + LIMIT / LEAST_FRAGMENT;
    let mut bytes = frame(0x01, b"");
    for _ in 1..most {
        bytes.extend(frame(0x00, b""));
    }
    let whole = [&bytes[..], &frame(0x80, b"x")].concat();
    assert!(matches!(&read(&whole.repeat(3))[..], [_, _, Incoming::Text(text)] if text == "x"));
    bytes.extend(frame(0x00, b""));
    assert_eq!(refusal(&bytes), None);
    bytes.extend(frame(0x80, b"x"));
    assert_eq!(refusal(&bytes), Some(CloseCode::TooLarge));
}

#[test]
fn binary_is_refused_by_its_head() {
    assert_eq!(
        refusal(&frame(0x82, b"{}")[..6]),
        Some(CloseCode::BinaryFrame)
    );
    assert_eq!(
        refusal(&frame(0x02, b"{}")[..6]),
        Some(CloseCode::BinaryFrame)
    );
}

#[test]
fn text_is_utf_8_when_it_is_whole() {
    let crab = "🦀".as_bytes();
    let mut bytes = frame(0x01, &crab[..1]);
    bytes.extend(frame(0x00, &crab[1..3]));
    bytes.extend(frame(0x80, &crab[3..]));
    assert!(matches!(&read(&bytes)[..], [Incoming::Text(text)] if text == "🦀"));
    let surrogate = [0xed, 0xa0, 0x80];
    for bad in [&crab[..3], &b"\xff"[..], &surrogate, &b"\xc0\xaf"[..]] {
        assert_eq!(refusal(&frame(0x81, bad)), Some(CloseCode::InvalidUtf8));
    }
}

#[test]
fn a_close_is_answered_with_its_code() {
    assert_eq!(answer(b"").unwrap(), b"\x88\x00");
    for code in [1000_u16, 1003, 1007, 1011, 1014, 3000, 4999] {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend("tschüß".as_bytes());
        let [high, low] = code.to_be_bytes();
        assert_eq!(answer(&payload).unwrap(), [0x88, 2, high, low]);
    }
}

#[test]
fn a_close_that_may_not_be_sent_is_a_protocol_error() {
    for code in [
        0_u16,
        999,
        1004,
        1005,
        1006,
        1015,
        1016,
        2999,
        5000,
        u16::MAX,
    ] {
        let bytes = frame(0x88, &code.to_be_bytes());
        assert_eq!(refusal(&bytes), Some(CloseCode::ProtocolError), "{code}");
    }
    assert_eq!(refusal(&frame(0x88, b"x")), Some(CloseCode::ProtocolError));
    let reason = frame(0x88, b"\x03\xe8\xff");
    assert_eq!(refusal(&reason), Some(CloseCode::InvalidUtf8));
}

#[test]
fn nothing_is_kept_of_a_message_that_has_been_taken() {
    let mut assembly = Assembly::new(LIMIT);
    let bytes = [frame(0x89, &[b'x'; 125]), frame(0x81, &[b'x'; LIMIT])].concat();
    let mut input = &bytes[..];
    assembly.take(&mut input).unwrap();
    assembly.take(&mut input).unwrap();
    assert!(assembly.message.is_none());
    assert_eq!(assembly.control.capacity(), 0);
}
