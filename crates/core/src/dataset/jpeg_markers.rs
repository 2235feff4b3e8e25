//! What the markers of a JPEG file say: its frame, its scans, its colours and
//! its metadata. Read before decoding, so that an encoding which the decoder
//! would get wrong is refused, and colours follow libjpeg's rules.
//! Source: ITU-T T.81, annexes B, D and F.

/// One component of the frame.
#[derive(Clone, Copy, Debug)]
struct Component {
    id: u8,
    /// Horizontal and vertical sampling factor.
    factors: [usize; 2],
    /// For each coefficient the lowest bit that the scans so far give; none where
    /// no scan gives it.
    given: [Option<u8>; 64],
}

/// How three components are turned into colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// They are red, green and blue.
    Rgb,
    /// They are luma and chroma.
    YCbCr,
}

/// What a file's markers say.
#[derive(Debug)]
pub(super) struct Markers {
    /// Width and height.
    pub sides: [usize; 2],
    /// 1 or 3.
    pub channels: usize,
    /// Of three channels.
    pub colours: Colours,
    /// The EXIF block, from its TIFF header on.
    pub exif: Option<Vec<u8>>,
    /// Whether there is an ICC profile.
    pub profile: bool,
}

/// Reads the markers of `bytes`, which begin as a JPEG file.
///
/// # Errors
/// In words, where the file is cut short or of an encoding that is not decoded.
pub(super) fn read(bytes: &[u8]) -> Result<Markers, String> {
    let mut walk = Walk { bytes, at: 2, progressive: false, ..Walk::default() };
    while let Some((marker, segment)) = walk.next()? {
        walk.take(marker, segment)?;
    }
    walk.finish()
}

/// The place in a file, and what was read before it.
#[derive(Default)]
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    progressive: bool,
    sides: [usize; 2],
    components: Vec<Component>,
    jfif: bool,
    /// The transform that an Adobe segment names.
    adobe: Option<u8>,
    exif: Option<Vec<u8>>,
    profile: bool,
}

/// Why a file is refused whose end is missing.
const CUT: &str = "it was cut short: copy or fetch it again";

impl<'a> Walk<'a> {
    /// The next marker and its segment without the length; none at the end of
    /// the image.
    fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, String> {
        loop {
            let marker = self.marker().ok_or(CUT)?;
            match marker {
                0xd9 => return Ok(None),
                0xd8 => return Err("a second image begins within it".to_owned()),
                // Without a length: entropy-coded data, restarts, and TEM.
                0x00 | 0x01 | 0xd0..=0xd7 => {}
                _ => {
                    let head = self.bytes.get(self.at..self.at + 2).ok_or(CUT)?;
                    let len = usize::from(u16::from_be_bytes([head[0], head[1]]));
                    let segment = self.bytes.get(self.at + 2..self.at + len);
                    self.at += len;
                    return match segment {
                        Some(segment) => Ok(Some((marker, segment))),
                        None if len < 2 => Err("a segment without a length".to_owned()),
                        None => Err(CUT.to_owned()),
                    };
                }
            }
        }
    }

    /// The byte after the next 0xff that is not 0xff itself. What stands before
    /// it is the entropy-coded data of a scan, or what libjpeg passes over too.
    fn marker(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..)?;
        let start = self.at + rest.iter().position(|byte| *byte == 0xff)?;
        let rest = self.bytes.get(start..)?;
        let end = start + rest.iter().position(|byte| *byte != 0xff)?;
        self.at = end + 1;
        self.bytes.get(end).copied()
    }

    fn take(&mut self, marker: u8, segment: &[u8]) -> Result<(), String> {
        match marker {
            0xc4 | 0xc8 | 0xcc => Ok(()),
            0xc0..=0xcf => self.frame(marker, segment),
            0xda => self.scan(segment),
            0xe0 if segment.starts_with(b"JFIF\0") => {
                self.jfif = true;
                Ok(())
            }
            0xe1 if segment.starts_with(b"Exif\0") && segment.len() > 6 => {
                self.exif.get_or_insert_with(|| segment[6..].to_vec());
                Ok(())
            }
            0xe2 if segment.starts_with(b"ICC_PROFILE\0") => {
                self.profile = true;
                Ok(())
            }
            0xee if segment.starts_with(b"Adobe") && segment.len() >= 12 => {
                self.adobe = Some(segment[11]);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn frame(&mut self, marker: u8, segment: &[u8]) -> Result<(), String> {
        let refused = match marker {
            0xc0..=0xc2 => None,
            0xc3 => Some("lossless"),
            0xc9..=0xcb | 0xcd..=0xcf => Some("arithmetically coded"),
            _ => Some("hierarchical"),
        };
        if let Some(kind) = refused {
            return Err(format!(
                "it is {kind}; sequential and progressive JPEG with Huffman coding is read"
            ));
        }
        if !self.components.is_empty() {
            return Err("it has two frames".to_owned());
        }
        let &[bits, h1, h0, w1, w0, count, ref rest @ ..] = segment else {
            return Err(CUT.to_owned());
        };
        if bits != 8 {
            return Err(format!("its values have {bits} bits; 8 are read"));
        }
        let count = usize::from(count);
        if ![1, 3].contains(&count) || rest.len() < 3 * count {
            let what = if count == 4 { " (CMYK or YCCK)" } else { "" };
            return Err(format!("it has {count} components{what}; grey and colours of 3 are read"));
        }
        self.sides = [u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0])].map(usize::from);
        self.progressive = marker == 0xc2;
        for component in rest.chunks_exact(3).take(count) {
            let factors = [component[1] >> 4, component[1] & 15].map(usize::from);
            if !factors.iter().all(|factor| (1..=4).contains(factor)) {
                return Err(format!("a component has sampling factors {factors:?}"));
            }
            self.components.push(Component { id: component[0], factors, given: [None; 64] });
        }
        Ok(())
    }

    fn scan(&mut self, segment: &[u8]) -> Result<(), String> {
        let count = usize::from(*segment.first().ok_or(CUT)?);
        let (Some(listed), Some(&[first, last, bits])) =
            (segment.get(1..1 + 2 * count), segment.get(1 + 2 * count..4 + 2 * count))
        else {
            return Err(CUT.to_owned());
        };
        // A sequential scan gives all of a component, whatever stands here.
        let (first, last, low) = match self.progressive {
            true => (usize::from(first), usize::from(last), bits & 15),
            false => (0, 63, 0),
        };
        if first > last || last > 63 || count == 0 {
            return Err(format!("a scan of {count} components and coefficients {first} to {last}"));
        }
        for listed in listed.chunks_exact(2) {
            let found = self.components.iter().position(|known| known.id == listed[0]);
            let place = found.ok_or("a scan of a component that is not in the frame")?;
            if count == 1 && self.is_miscounted(place) {
                let [h, v] = self.components[place].factors;
                return Err(format!(
                    "a component with sampling factors {h}×{v} stands in a scan of its own, which \
                     is not read at this size; save it with all components in one scan, or with \
                     other factors"
                ));
            }
            let given = &mut self.components[place].given;
            if !self.progressive && given[0].is_some() {
                return Err("a component stands in two scans".to_owned());
            }
            given[first..=last].fill(Some(low));
        }
        Ok(())
    }

    /// Whether the decoder takes a component that stands alone in a scan for
    /// larger than it is: it counts the blocks of the image, up to those of whole
    /// units, where those of the component's own samples are due.
    fn is_miscounted(&self, place: usize) -> bool {
        (0..2).any(|side| {
            let own = self.components[place].factors[side];
            let most = self.components.iter().map(|other| other.factors[side]).max().unwrap_or(1);
            let pixels = self.sides[side];
            let due = (pixels * own).div_ceil(most).div_ceil(8);
            let counted = (pixels.div_ceil(8 * most) * own).min(pixels.div_ceil(8));
            due != counted
        })
    }

    fn finish(self) -> Result<Markers, String> {
        if self.components.is_empty() {
            return Err("it has no frame".to_owned());
        }
        let whole = |component: &Component| component.given.iter().all(|bit| *bit == Some(0));
        if !self.components.iter().all(whole) {
            return Err("its scans do not give the whole picture: a progressive file that ends \
                        early, whose missing details each decoder makes up in its own way"
                .to_owned());
        }
        Ok(Markers {
            sides: self.sides,
            channels: self.components.len(),
            colours: self.colours(),
            exif: self.exif,
            profile: self.profile,
        })
    }

    /// By the rules of libjpeg (`default_decompress_parms`).
    fn colours(&self) -> Colours {
        let ids: Vec<u8> = self.components.iter().map(|component| component.id).collect();
        match (self.jfif, self.adobe) {
            (true, _) => Colours::YCbCr,
            (false, Some(0)) => Colours::Rgb,
            (false, Some(_)) => Colours::YCbCr,
            (false, None) if ids == *b"RGB" => Colours::Rgb,
            (false, None) => Colours::YCbCr,
        }
    }
}
