//! Which public keys are read, and which are refused.

use super::*;
use crate::signing::wire::put_string;

const LINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q";

fn wire(fields: &[&[u8]]) -> Vec<u8> {
    let mut wire = Vec::new();
    fields.iter().for_each(|field| put_string(&mut wire, field));
    wire
}

fn ed25519_wire(y: &[u8]) -> Vec<u8> {
    wire(&[b"ssh-ed25519", y])
}

#[test]
fn a_line_round_trips_and_its_comment_does_not_count() {
    let key = PublicKey::from_line(LINE).unwrap();
    assert_eq!(key.to_line(), LINE);
    assert_eq!(PublicKey::from_wire(key.wire()), Ok(key.clone()));
    assert_eq!(
        PublicKey::from_line(&format!("{LINE} a comment\n")),
        Ok(key)
    );
}

#[test]
fn one_key_has_one_spelling() {
    let (name, base64) = LINE.split_once(' ').unwrap();
    for bad in [
        String::new(),
        name.to_owned(),
        base64.to_owned(),
        format!("ssh-rsa {base64}"),
        format!("{LINE}="),
        format!("{LINE}AAAA"),
        format!("{name} {}", base64.replace('/', "_")),
        format!("{name} {}\n{}", &base64[..40], &base64[40..]),
        format!("{LINE}\n{LINE}\n"),
        format!("{LINE}\r\n"),
        format!("{LINE} \x1b[2J"),
    ] {
        assert!(PublicKey::from_line(&bad).is_err(), "{bad:?} is refused");
    }
    let mut longer = PublicKey::from_line(LINE).unwrap().wire().to_vec();
    longer.push(0);
    let trailing = BadPublicKey::Malformed("bytes follow its end");
    assert_eq!(PublicKey::from_wire(&longer), Err(trailing));
}

#[test]
fn points_of_small_order_are_refused_before_they_are_decoded() {
    for y in SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut point = y;
            point[31] |= sign;
            if let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&point) {
                assert!(key.is_weak(), "the table holds only such points");
            }
            let refused = PublicKey::undecoded(&ed25519_wire(&point));
            assert_eq!(refused, Err(BadPublicKey::SmallOrder), "{point:?}");
        }
    }
}

#[test]
fn points_off_the_curve_or_beyond_the_prime_are_refused() {
    let mut beyond = [0xff; 32];
    for (low, high) in [(0xed, 0x7f), (0xee, 0x7f), (0xff, 0x7f), (0xf0, 0xff)] {
        (beyond[0], beyond[31]) = (low, high);
        assert!(
            PublicKey::undecoded(&ed25519_wire(&beyond)).is_err(),
            "{low:x} {high:x}"
        );
    }
    let mut off = [0; 32];
    off[0] = 2;
    assert_eq!(
        PublicKey::from_wire(&ed25519_wire(&off)),
        Err(BadPublicKey::NotOnCurve)
    );
    assert!(PublicKey::from_wire(&ed25519_wire(&[9; 31])).is_err());
    let mut p521 = vec![4; 133];
    p521[1] = 0;
    let p521 = wire(&[b"ecdsa-sha2-nistp521", b"nistp521", &p521]);
    assert_eq!(PublicKey::from_wire(&p521), Err(BadPublicKey::NotOnCurve));
}

#[test]
fn rsa_keys_are_neither_weak_nor_odd() {
    let rsa = |e: &[u8], bits: usize, last: u8| {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] = 0xff >> (n.len() * 8 - bits);
        *n.last_mut().unwrap() = last;
        if n[0] & 0x80 != 0 {
            n.insert(0, 0);
        }
        PublicKey::from_wire(&wire(&[b"ssh-rsa", e, &n]))
    };
    let f4: &[u8] = &[1, 0, 1];
    for bits in [2048, 3072, 4095, 8192] {
        assert!(rsa(f4, bits, 0xff).is_ok(), "{bits} bits are accepted");
    }
    for bits in [1024, 2047, 8193, 16384] {
        assert_eq!(rsa(f4, bits, 0xff), Err(BadPublicKey::RsaSize(bits)));
    }
    assert!(rsa(f4, 2048, 0xfe).is_err(), "an even modulus");
    for e in [
        &[1][..],
        &[3],
        &[17],
        &[0xff, 0xff],
        &[1, 0, 0],
        &[2],
        &[],
        &[0],
        &[0, 3],
        &[0x83],
        &[2, 0, 0, 0, 1],
    ] {
        assert!(rsa(e, 2048, 0xff).is_err(), "the exponent {e:?}");
    }
    assert!(rsa(&[1, 0, 3], 2048, 0xff).is_ok());
}

#[test]
fn unwanted_kinds_are_named() {
    let of = |name: &str| PublicKey::from_wire(&wire(&[name.as_bytes(), &[9; 32]]));
    assert_eq!(of("ssh-dss"), Err(BadPublicKey::Dsa));
    assert_eq!(
        of("ssh-ed25519-cert-v01@openssh.com"),
        Err(BadPublicKey::Certificate)
    );
    assert_eq!(
        of("ssh-foo"),
        Err(BadPublicKey::UnknownAlgorithm("ssh-foo".to_owned()))
    );
    let compressed = wire(&[b"ecdsa-sha2-nistp256", b"nistp256", &[2; 33]]);
    assert!(PublicKey::from_wire(&compressed).is_err());
    let mut point = vec![4];
    point.extend([7; 64]);
    let other_curve = wire(&[b"ecdsa-sha2-nistp256", b"nistp384", &point]);
    assert!(PublicKey::from_wire(&other_curve).is_err());
}
