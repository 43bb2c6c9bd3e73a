//! The text of `info`.

use std::fmt;

use super::facts::{Bar, Info, Pf};

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = &self.function;
        writeln!(f, "{}", function.address)?;
        let mut row = |name: &str, text: String| writeln!(f, "  {name:<14}{text}");
        row(
            "ids",
            format!(
                "{}:{}, subsystem {}:{}, class {}, revision {}",
                function.vendor,
                function.device,
                self.subsystem_vendor,
                self.subsystem_device,
                self.class,
                self.revision
            ),
        )?;
        row("driver", self.driver())?;
        row("IOMMU group", self.group())?;
        row("NUMA node", function.numa_node.map_or("unknown".to_string(), |n| n.to_string()))?;
        for bar in &self.bars {
            row(&format!("BAR {}", bar.index), region(bar))?;
        }
        row("MSI-X", self.msix())?;
        if let Some(pf) = &self.sriov {
            row("SR-IOV", pf.vfs())?;
            for bar in &pf.vf_bars {
                row(&format!("VF BAR {}", bar.index), format!("{} for each VF", size(bar.len)))?;
            }
            if let Some(capability) = &pf.capability {
                row(
                    "VF ids",
                    format!(
                        "{}:{}, first at +{:#x}, then each +{:#x}",
                        function.vendor,
                        capability.vf_device,
                        capability.first_vf_offset,
                        capability.vf_stride
                    ),
                )?;
            }
        }
        if let Some(pf) = &self.physfn {
            let index = self.vf_index.map_or("a VF".to_string(), |index| format!("VF {index}"));
            row("PF", format!("{pf}, of which this is {index}"))?;
        }
        for interface in &function.interfaces {
            row("interface", interface.name.clone())?;
        }
        if let Some(mac) = self.mac.clone().or_else(|| self.unknown("mac")) {
            row("MAC", mac)?;
        }
        if let Some(why) = self.unknown("capabilities") {
            row("capabilities", why)?;
        }
        for capability in &self.capabilities {
            let name = capability.name.map_or(format!("id {:#x}", capability.id), str::to_string);
            row("capability", format!("{:#05x} {name}", capability.offset))?;
        }
        for fault in &self.faults {
            row("fault", fault.clone())?;
        }
        Ok(())
    }
}

impl Info {
    fn unknown(&self, field: &str) -> Option<String> {
        self.unknown.get(field).map(|why| format!("unknown: {why}"))
    }

    fn driver(&self) -> String {
        let driver = self.function.driver.as_deref().unwrap_or("none");
        match &self.driver_override {
            Some(only) => format!("{driver} (override: {only} only)"),
            None => driver.to_string(),
        }
    }

    fn group(&self) -> String {
        let Some(group) = &self.function.iommu_group else {
            return "none: no IOMMU isolates it".to_string();
        };
        let mut text = group.number.to_string();
        if group.no_iommu {
            text += ", without an IOMMU behind it: its DMA is not isolated";
        }
        let others = group.others(&self.function.address, false);
        if others.is_empty() {
            return text + ", alone";
        }
        text = format!("{text}, with {}", others.join(", "));
        let in_the_way = group.others(&self.function.address, true);
        if !in_the_way.is_empty() {
            text += "; cannot be opened while host drivers have ";
            text += &in_the_way.join(", ");
        }
        text
    }

    fn msix(&self) -> String {
        match &self.msix {
            Some(msix) => {
                let state = if msix.enabled { "on" } else { "off" };
                format!("{} vectors, {state}, table in BAR {}", msix.vectors, msix.table_bar)
            }
            None => self.unknown("msix").unwrap_or_else(|| "none".to_string()),
        }
    }
}

impl Pf {
    fn vfs(&self) -> String {
        let mut text = format!("{} of {} VFs", self.num_vfs, self.total_vfs);
        if !self.vfs.is_empty() {
            text += ": ";
            text += &self.vfs.join(" ");
        }
        if self.drivers_autoprobe == Some(false) {
            text += "; new ones get no kernel driver";
        }
        text
    }
}

fn region(bar: &Bar) -> String {
    let mut text =
        format!("{} {}", size(bar.len), if bar.kind == "io" { "ports" } else { "memory" });
    if bar.wide {
        text += ", 64-bit";
    }
    if bar.prefetchable {
        text += ", prefetchable";
    }
    text
}

/// Bytes, in the largest binary unit that divides them.
fn size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1024 && value.is_multiple_of(1024) && unit + 1 < units.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes() {
        assert_eq!(size(0), "0 bytes");
        assert_eq!(size(32), "32 bytes");
        assert_eq!(size(16 << 10), "16 KiB");
        assert_eq!(size(1536), "1536 bytes");
        assert_eq!(size(3 << 40), "3 TiB");
        assert_eq!(size(1 << 63), "8388608 TiB");
    }
}
