//! Which core is measured.

/// The core that is measured, and the other one, if there is one.
pub type Cores = (usize, Option<usize>);

/// Those that were asked for, or the first that there are. Says what is wrong otherwise.
pub fn choose(asked: &[usize], allowed: &[usize]) -> Result<Cores, String> {
    let shown = |cores: &[usize]| cores.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    if let Some(core) = asked.iter().find(|core| !allowed.contains(core)) {
        let allowed = shown(allowed);
        return Err(format!("--cores {core}: this process may use {allowed}: choose among these"));
    }
    match *asked {
        [] => {
            let first = allowed.first().ok_or("this process may use no core")?;
            Ok((*first, allowed.get(1).copied()))
        }
        [core] => Ok((core, None)),
        [core, other] if core != other => Ok((core, Some(other))),
        _ => Err(format!(
            "--cores {}: name one core, which is measured, or two different ones",
            shown(asked)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_are_taken_or_those_that_were_named() {
        assert_eq!(choose(&[], &[1, 4, 5]), Ok((1, Some(4))));
        assert_eq!(choose(&[], &[3]), Ok((3, None)));
        assert_eq!(choose(&[5, 1], &[1, 4, 5]), Ok((5, Some(1))));
        assert_eq!(choose(&[4], &[1, 4, 5]), Ok((4, None)));
    }

    #[test]
    fn what_cannot_be_is_told_with_what_can() {
        let problem = |asked: &[usize]| choose(asked, &[0, 1]).unwrap_err();
        assert!(problem(&[7]).contains("--cores 7: this process may use 0,1"));
        assert!(problem(&[1, 1]).contains("--cores 1,1: name one core"));
        assert!(problem(&[0, 1, 0]).contains("--cores 0,1,0: name one core"));
    }
}
