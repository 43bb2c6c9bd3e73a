//! One PCI function in sysfs.

use std::io;

use super::cpus::Cpus;
use super::sysfs::{READ, READ_WRITE, Sysfs, WRITE};

/// What a function is.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    pub(super) vendor: u16,
    pub(super) device: u16,
    pub(super) subsystem_vendor: u16,
    pub(super) subsystem_device: u16,
    pub(super) class: u32,
    pub(super) revision: u8,
}

/// A function with what only some have.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) address: String,
    /// Its directory, below `/sys`.
    pub(super) dir: String,
    pub(super) ids: Ids,
    pub(super) driver: &'static str,
    pub(super) group: u32,
    pub(super) config: Vec<u8>,
    pub(super) resource: String,
    /// It is enabled by its driver, which may suspend it and reaches 64 bits: all but idle VFs.
    pub(super) in_use: bool,
    /// Speed and width of its link; VFs have none to tell.
    pub(super) link: Option<(&'static str, u8)>,
    /// Interrupt line.
    pub(super) irq: u32,
    /// The bus below uses ARI, or the one that it is on.
    pub(super) ari: bool,
    pub(super) reset_methods: Option<&'static str>,
    pub(super) driver_override: Option<&'static str>,
    /// Further attributes of one line, with their modes; of mode [`WRITE`], files that are empty.
    pub(super) more: Vec<(String, u32, String)>,
    /// Further links, to what is below `/sys`.
    pub(super) links: Vec<(String, String)>,
    pub(super) cpus: Cpus,
}

impl Function {
    pub(super) fn write(&self, sys: &Sysfs) -> io::Result<()> {
        self.lines(sys)?;
        let (dir, at) = (&self.dir, |name: &str| format!("{}/{name}", self.dir));
        sys.file(&at("config"), READ_WRITE, &self.config)?;
        sys.file(&at("resource"), READ, &self.resource)?;
        sys.file(&at("uevent"), READ_WRITE, self.uevent())?;
        if let Some(methods) = self.reset_methods {
            sys.file(&at("reset"), WRITE, "")?;
            sys.file(&at("reset_method"), READ_WRITE, format!("{methods}\n"))?;
        }
        for (name, mode, text) in &self.more {
            let text = if *mode == WRITE { String::new() } else { format!("{text}\n") };
            sys.file(&at(name), *mode, text)?;
        }
        for (name, target) in &self.links {
            sys.link(&at(name), target)?;
        }
        sys.link(&at("subsystem"), "bus/pci")?;
        sys.link(&at("driver"), &format!("bus/pci/drivers/{}", self.driver))?;
        sys.link(&format!("bus/pci/devices/{}", self.address), dir)?;
        sys.link(&format!("bus/pci/drivers/{}/{}", self.driver, self.address), dir)
    }

    fn lines(&self, sys: &Sysfs) -> io::Result<()> {
        let ids = &self.ids;
        let (speed, width, now) = match self.link {
            Some((speed, width)) => (speed, width, width),
            // As the kernel prints that a link capability register of zeros says nothing.
            None => ("Unknown", 255, 0),
        };
        let used = u8::from(self.in_use);
        let bits = if self.in_use { 64 } else { 32 };
        let read = [
            ("ari_enabled", u8::from(self.ari).to_string()),
            ("class", format!("{:#08x}", ids.class)),
            ("consistent_dma_mask_bits", bits.to_string()),
            ("current_link_speed", speed.to_string()),
            ("current_link_width", now.to_string()),
            ("device", format!("{:#06x}", ids.device)),
            ("dma_mask_bits", bits.to_string()),
            ("irq", self.irq.to_string()),
            ("local_cpulist", self.cpus.list.clone()),
            ("local_cpus", self.cpus.mask.clone()),
            ("max_link_speed", speed.to_string()),
            ("max_link_width", width.to_string()),
            ("modalias", self.modalias()),
            ("power_state", "D0".to_string()),
            ("revision", format!("{:#04x}", ids.revision)),
            ("subsystem_device", format!("{:#06x}", ids.subsystem_device)),
            ("subsystem_vendor", format!("{:#06x}", ids.subsystem_vendor)),
            ("vendor", format!("{:#06x}", ids.vendor)),
        ];
        let written = [
            ("broken_parity_status", "0".to_string()),
            ("d3cold_allowed", used.to_string()),
            ("driver_override", self.driver_override.unwrap_or("(null)").to_string()),
            ("enable", used.to_string()),
            ("msi_bus", "1".to_string()),
            ("numa_node", "0".to_string()),
        ];
        for (name, text) in read {
            sys.line(&format!("{}/{name}", self.dir), text)?;
        }
        for (name, text) in written {
            sys.file(&format!("{}/{name}", self.dir), READ_WRITE, format!("{text}\n"))?;
        }
        Ok(())
    }

    fn modalias(&self) -> String {
        let ids = &self.ids;
        let [_, base, sub, interface] = ids.class.to_be_bytes();
        format!(
            "pci:v{:08X}d{:08X}sv{:08X}sd{:08X}bc{base:02X}sc{sub:02X}i{interface:02X}",
            ids.vendor, ids.device, ids.subsystem_vendor, ids.subsystem_device
        )
    }

    fn uevent(&self) -> String {
        let ids = &self.ids;
        format!(
            "DRIVER={}\nPCI_CLASS={:04X}\nPCI_ID={:04X}:{:04X}\nPCI_SUBSYS_ID={:04X}:{:04X}\n\
             PCI_SLOT_NAME={}\nMODALIAS={}\n",
            self.driver,
            ids.class,
            ids.vendor,
            ids.device,
            ids.subsystem_vendor,
            ids.subsystem_device,
            self.address,
            self.modalias()
        )
    }
}
