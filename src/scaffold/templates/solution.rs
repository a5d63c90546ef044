use std::io::{Read, stdin};

fn main() {
    let mut text = String::new();
    stdin().read_to_string(&mut text).expect("the input is text");
    let numbers = text.split_whitespace().map(|word| word.parse::<i64>());
    let sum: i64 = numbers.map(|number| number.expect("each word is a number")).sum();
    println!("{sum}");
}
